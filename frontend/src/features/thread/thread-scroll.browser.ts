/** The scroll position of a thread, in a browser that lays it out. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ThreadScroll } from "./thread-scroll";
import { painted } from "@/testing/layout";

let scroller: HTMLElement;
let log: HTMLElement;
let scroll: ThreadScroll;
let detach: () => void;

function aRow(seq: number): HTMLElement {
  const row = document.createElement("article");
  row.dataset.seq = String(seq);
  row.textContent = `Text ${seq}. ${"It has some words. ".repeat(seq % 7)}`;
  row.style.padding = "8px";
  return row;
}

const rowsOf = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => aRow(first + index));
const topOf = (seq: number) => log.querySelector(`[data-seq="${seq}"]`)?.getBoundingClientRect().top ?? Number.NaN;
const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= 1;

beforeEach(() => {
  // The machine's own font: one that is fetched would change the rows' heights while a test runs.
  document.body.innerHTML = `<div class="[overflow-anchor:none]" style="width: 600px; height: 500px; overflow-y: auto; font: 14px/20px sans-serif"><div></div></div>`;
  scroller = document.body.firstElementChild as HTMLElement;
  log = scroller.firstElementChild as HTMLElement;
  log.append(...rowsOf(101, 180));
  scroll = new ThreadScroll();
  detach = scroll.attach(scroller);
});
afterEach(() => {
  detach();
  document.body.innerHTML = "";
});

/** As a person does. */
async function scrollTo(top: number): Promise<void> {
  // The observer has seen the rows.
  await painted();
  scroller.scrollTop = top;
  await painted();
}

it("opens at the newest and follows what arrives", () => {
  scroll.place("newest");
  expect(isAtEnd()).toBe(true);
  expect(scroll.getState()).toEqual({ atNewest: true, shownSeq: 180 });
  log.append(...rowsOf(181, 190));
  scroll.contentChanged();
  expect(isAtEnd()).toBe(true);
  expect(scroll.getState().shownSeq).toBe(190);
});

it("keeps what is read in place while older rows load above, and while one of them grows", async () => {
  scroll.place("newest");
  await scrollTo(600);
  const reading = [...log.children].find((row) => row.getBoundingClientRect().top > scroller.getBoundingClientRect().top + 40) as HTMLElement;
  const before = reading.getBoundingClientRect().top;
  log.prepend(...rowsOf(51, 100));
  scroll.contentChanged();
  await painted();
  expect(reading.getBoundingClientRect().top).toBeCloseTo(before, 0);
  // A picture that has loaded, above: nothing but the observer tells.
  (log.firstElementChild as HTMLElement).style.height = "300px";
  await painted();
  expect(reading.getBoundingClientRect().top).toBeCloseTo(before, 0);
});

it("does not move a person who reads up there when texts arrive, and counts none of them as shown", async () => {
  scroll.place("newest");
  await scrollTo(600);
  const [first] = [...log.children].map((row) => Number((row as HTMLElement).dataset.seq));
  const before = topOf(first ?? 0);
  log.append(...rowsOf(181, 310));
  scroll.contentChanged();
  await painted();
  expect(topOf(first ?? 0)).toBeCloseTo(before, 0);
  expect(scroll.getState()).toEqual({ atNewest: false, shownSeq: 180 });
  scroll.jumpToNewest();
  expect(isAtEnd()).toBe(true);
  expect(scroll.getState()).toEqual({ atNewest: true, shownSeq: 310 });
});

it("opens at the line above the new ones, and at a message, with something above it in sight", () => {
  const line = document.createElement("div");
  line.dataset.new = "";
  line.style.height = "20px";
  log.querySelector('[data-seq="140"]')?.before(line);
  scroll.place("new");
  expect(line.getBoundingClientRect().top - scroller.getBoundingClientRect().top).toBeCloseTo(100, 0);
  const other = new ThreadScroll();
  const detachOther = other.attach(scroller);
  other.place({ around: 120 });
  expect(topOf(120) - scroller.getBoundingClientRect().top).toBeCloseTo(200, 0);
  detachOther();
});

it("asks for more when an edge is near, and not before", async () => {
  scroll.place("newest");
  const near = { start: vi.fn(), end: vi.fn() };
  scroll.onNear(near);
  near.start.mockClear();
  await scrollTo(1_000);
  expect(near.start).not.toHaveBeenCalled();
  await scrollTo(500);
  expect(near.start).toHaveBeenCalled();
});
