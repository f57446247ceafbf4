import "@testing-library/jest-dom/vitest";
import "fake-indexeddb/auto";

import { cleanup, configure } from "@testing-library/react";
import { IDBFactory } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";

import { FakeEventSource } from "./fake-event-source";
import { settleNetwork } from "./network";
import { takeMismatches, watchAnswers } from "./openapi-check";
import { server, unhandled } from "./server";
import { reloadDraftFiles } from "@/ui/composer/attachments/draft-files";
import { reloadDrafts } from "@/lib/drafts";
import { resetPreferences } from "@/lib/preferences";

// The first test of a file also loads the code of its page.
configure({ asyncUtilTimeout: 5_000 });

// What jsdom leaves out.
class FixedResizeObserver implements ResizeObserver {
  constructor(private readonly callback: ResizeObserverCallback) {}
  observe(target: Element): void {
    const contentRect = { width: 344, height: target.tagName === "LI" ? 60 : 800 } as DOMRectReadOnly;
    queueMicrotask(() => this.callback([{ target, contentRect } as unknown as ResizeObserverEntry], this));
  }
  unobserve(): void {}
  disconnect(): void {}
}
vi.stubGlobal("ResizeObserver", FixedResizeObserver);
vi.stubGlobal("EventSource", FakeEventSource);
// Without layout every box is empty, and a virtual list shows nothing of itself.
Object.defineProperty(Element.prototype, "clientHeight", { configurable: true, value: 800 });
Object.defineProperty(Element.prototype, "clientWidth", { configurable: true, value: 344 });
Object.defineProperty(HTMLElement.prototype, "offsetParent", {
  configurable: true,
  get(this: HTMLElement) {
    return this.parentElement;
  },
});
window.scrollTo = () => undefined;
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.scrollTo = () => undefined;
Element.prototype.scrollBy = () => undefined;

export let viewportWidth = 1440;
let hasCoarsePointer = false;
/** A touch screen. */
export function setCoarsePointer(coarse: boolean): void {
  hasCoarsePointer = coarse;
}

export function setViewportWidth(width: number): void {
  viewportWidth = width;
}
window.matchMedia = (query: string) => {
  const minimum = Number(/min-width: (\d+)px/.exec(query)?.[1] ?? 0);
  const matches = query.includes("pointer: coarse") ? hasCoarsePointer : viewportWidth >= minimum;
  const list = { matches, media: query, addEventListener: () => undefined, removeEventListener: () => undefined };
  return list as unknown as MediaQueryList;
};

beforeAll(() => {
  server.listen({ onUnhandledRequest: (request) => void unhandled.push(`${request.method} ${request.url}`) });
  watchAnswers();
});

beforeEach(() => {
  viewportWidth = 1440;
  hasCoarsePointer = false;
});

afterEach(async () => {
  cleanup();
  // Requests that leaving a page makes (the end of a viewing lease) still find their handlers.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await settleNetwork();
  server.resetHandlers();
  window.localStorage.clear();
  globalThis.indexedDB = new IDBFactory();
  reloadDrafts();
  reloadDraftFiles();
  resetPreferences();
  FakeEventSource.reset();
  const mismatches = await takeMismatches();
  const requests = unhandled.splice(0);
  if (mismatches.length > 0) throw new Error(`Requests and answers that openapi.json does not allow:\n${mismatches.join("\n")}`);
  if (requests.length > 0) throw new Error(`Requests that no handler answered:\n${requests.join("\n")}`);
});

afterAll(() => {
  server.events.removeAllListeners();
  server.close();
});
