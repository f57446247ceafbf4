/**
 * The registry of keys. It feeds the handlers (`useShortcuts`), the tooltips (`ShortcutTip`) and the list under "?".
 *
 * FOCUS: what a person types never acts. A key of scope `list` acts only while the focus is in the list of conversations, or
 * nowhere on a page without a thread. A key of scope `page` acts anywhere but in a thread. The other scopes say where the
 * browser or a text box handles the key itself.
 */
import { useEffect, useRef } from "react";

import { typeIntoComposer } from "./composer-focus";

type Scope = "list" | "page" | "row" | "composer";

interface Shortcut {
  /** `KeyboardEvent.key`; several are held together. */
  keys: readonly string[];
  does: string;
  scope: Scope;
}

export const SHORTCUTS = {
  next: { keys: ["j"], does: "Next conversation", scope: "list" },
  previous: { keys: ["k"], does: "Previous conversation", scope: "list" },
  open: { keys: ["Enter"], does: "Open the conversation and write", scope: "row" },
  reply: { keys: ["r"], does: "Write an answer", scope: "list" },
  note: { keys: ["i"], does: "Write an internal note", scope: "list" },
  close: { keys: ["e"], does: "Close the open conversation and go to the next", scope: "list" },
  reopen: { keys: ["o"], does: "Reopen the closed conversation", scope: "list" },
  undo: { keys: ["z"], does: "Undo what the message at the foot says", scope: "list" },
  start: { keys: ["n"], does: "New conversation", scope: "list" },
  assign: { keys: ["a"], does: "Assign the open conversation", scope: "list" },
  take: { keys: ["m"], does: "Assign it to me", scope: "list" },
  later: { keys: ["l"], does: "Have the open conversation come back later", scope: "list" },
  details: { keys: ["d"], does: "Details of the open conversation", scope: "list" },
  newest: { keys: ["b"], does: "Newest message of the open conversation", scope: "list" },
  all: { keys: ["1"], does: "Show all conversations", scope: "list" },
  unread: { keys: ["2"], does: "Show unread conversations", scope: "list" },
  opened: { keys: ["3"], does: "Show open conversations", scope: "list" },
  closed: { keys: ["4"], does: "Show closed conversations", scope: "list" },
  showLater: { keys: ["5"], does: "Show what is in Later", scope: "list" },
  mine: { keys: ["6"], does: "Only my conversations, or everybody’s again", scope: "list" },
  select: { keys: ["x"], does: "Select the conversation, or no longer", scope: "list" },
  selectRange: { keys: ["X"], does: "Select up to this conversation (Shift+x)", scope: "list" },
  selectAll: { keys: ["Ctrl", "a"], does: "Select the conversations of the list", scope: "row" },
  endSearch: { keys: ["Escape"], does: "End the selection or the search", scope: "list" },
  search: { keys: ["/"], does: "Search", scope: "page" },
  help: { keys: ["?"], does: "Show these keys", scope: "page" },
  send: { keys: ["Enter"], does: "Send", scope: "composer" },
  newLine: { keys: ["Shift", "Enter"], does: "New line", scope: "composer" },
  sendAndClose: { keys: ["Ctrl", "Enter"], does: "Send and close the conversation", scope: "composer" },
  sendLater: { keys: ["Ctrl", "Shift", "Enter"], does: "Send later", scope: "composer" },
  leave: { keys: ["Escape"], does: "Back to the list", scope: "composer" },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof SHORTCUTS;

/** The names of the scopes in the list under "?", in its order. */
export const SCOPES: readonly { label: string; scopes: readonly Scope[] }[] = [
  { label: "In the list", scopes: ["row", "list"] },
  { label: "In the text box", scopes: ["composer"] },
  { label: "Everywhere else", scopes: ["page"] },
];

/** Attribute of an element in which keys of scope `list` act. */
export const LIST_SCOPE = { "data-shortcuts": "list" } as const;
/** Attribute of an open conversation: what is typed in it is text. */
export const THREAD_SCOPE = { "data-shortcuts": "thread" } as const;

const ACTING: readonly Scope[] = ["list", "page"];
const BY_KEY = new Map<string, ShortcutName>(
  (Object.keys(SHORTCUTS) as ShortcutName[])
    .filter((name) => ACTING.includes(SHORTCUTS[name].scope))
    .map((name) => [SHORTCUTS[name].keys[0], name]),
);

/** "Ctrl+Enter", for a tooltip. */
export function describeKeys(name: ShortcutName): string {
  return SHORTCUTS[name].keys.join("+");
}

/** For `aria-keyshortcuts`: only keys that a handler listens to. */
export function ariaKeys(name: ShortcutName): string {
  return SHORTCUTS[name].keys.map((key) => (key === "Ctrl" ? "Control" : key)).join("+");
}

type Handlers = Partial<Record<ShortcutName, () => void>>;

/**
 * What a key does to the open conversation: pressed before that is loaded, it waits for its handler. Closing does not wait: an
 * `e` may be part of a text that somebody types before the composer is there (FOCUS).
 */
const AWAITED: ReadonlySet<ShortcutName> = new Set(["assign", "take", "later", "note", "details"]);
const AWAITED_MS = 5_000;
const OPEN_CONVERSATION = /^\/messenger\/[^/]+/;

let awaited: { name: ShortcutName; path: string; until: number } | null = null;

/** Keeps a key that nothing handles yet, until the person does something else. */
function awaitHandler(name: ShortcutName): boolean {
  const path = window.location.pathname;
  if (!AWAITED.has(name) || !OPEN_CONVERSATION.test(path)) return false;
  awaited = { name, path, until: performance.now() + AWAITED_MS };
  document.addEventListener("pointerdown", forgetAwaited, { capture: true, once: true });
  return true;
}

function forgetAwaited(): void {
  awaited = null;
}

function actOnAwaited(handlers: Handlers): void {
  if (!awaited || !handlers[awaited.name]) return;
  const { name, path, until } = awaited;
  forgetAwaited();
  if (path === window.location.pathname && performance.now() < until) handlers[name]?.();
}

/** Handles keys of the registry while the component is mounted. The latest handler of a name wins. */
export function useShortcuts(handlers: Handlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
    actOnAwaited(handlers);
  });
  useEffect(() => {
    const listener = (name: ShortcutName): boolean => {
      const handler = latest.current[name];
      handler?.();
      return handler !== undefined;
    };
    return listen(listener);
  }, []);
}

type Listener = (name: ShortcutName) => boolean;
const listeners: Listener[] = [];

function listen(listener: Listener): () => void {
  if (listeners.length === 0) document.addEventListener("keydown", handleKey);
  listeners.push(listener);
  return () => {
    listeners.splice(listeners.indexOf(listener), 1);
    if (listeners.length === 0) document.removeEventListener("keydown", handleKey);
  };
}

function handleKey(event: KeyboardEvent): void {
  const { target } = event;
  forgetAwaited();
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
  if (document.querySelector("[role=dialog], [role=menu]")) return;
  const scope = scopeOf(target);
  if (scope === "thread") {
    typeIntoComposer(event);
    return;
  }
  const name = BY_KEY.get(event.key);
  if (!name || (SHORTCUTS[name].scope === "list" && scope !== "list")) return;
  if (listeners.toReversed().some((listener) => listener(name)) || awaitHandler(name)) event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Where a key was pressed. With the focus nowhere, an open conversation gets it, else the list. */
function scopeOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof HTMLElement) || target === document.body) return document.querySelector("[data-shortcuts=thread]") ? "thread" : "list";
  return target.closest<HTMLElement>("[data-shortcuts]")?.dataset.shortcuts;
}

/** The search box of the page, if it has one. */
export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("[data-hotkey-search]")?.focus();
}
