/**
 * The way of the focus between a row of the list and the composer of its conversation (FOCUS). A conversation opens a moment
 * after the click: what is typed in between is kept, and stands in the composer once it is there.
 */
import { COARSE } from "./media";

let awaited: { conversationId: string; typed: string } | null = null;

/** A finger would open its keyboard over the words that the person came to read. */
const hasKeyboard = () => !window.matchMedia(COARSE).matches;

function boxOf(conversationId: string): HTMLElement | null {
  return document.querySelector(`[data-composer="${CSS.escape(conversationId)}"]`);
}

/** Puts the focus into the composer of a conversation, now or once it is shown. */
export function focusComposer(conversationId: string): void {
  forget();
  if (!hasKeyboard()) return;
  const box = boxOf(conversationId);
  if (box) {
    box.focus();
    return;
  }
  awaited = { conversationId, typed: "" };
  document.addEventListener("keydown", keepTyped, true);
  document.addEventListener("pointerdown", forget, true);
}

/** For an `onClick` of a link that opens a conversation: clicks that open a new tab leave the focus alone. */
export function focusComposerOnClick(conversationId: string, event: { ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }): void {
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) focusComposer(conversationId);
}

/** Called by a composer that has just been shown: the text typed on the way, Enter as a line feed, or null if it was not awaited. */
export function arriveAtComposer(conversationId: string): string | null {
  if (awaited?.conversationId !== conversationId) return null;
  const { typed } = awaited;
  forget();
  return typed;
}

function forget(): void {
  awaited = null;
  document.removeEventListener("keydown", keepTyped, true);
  document.removeEventListener("pointerdown", forget, true);
}

function keepTyped(event: KeyboardEvent): void {
  if (!awaited || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" || event.key === "Tab") {
    forget();
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Backspace") awaited.typed = awaited.typed.slice(0, -1);
  else if (event.key === "Enter") awaited.typed += "\n";
  else if (event.key.length === 1) awaited.typed += event.key;
}

/** A key pressed in a thread, outside of its composer: a character goes into the composer, Escape goes back to the list. */
export function typeIntoComposer(event: KeyboardEvent): void {
  if (event.key === "Escape") {
    event.preventDefault();
    focusOpenRow();
    return;
  }
  if (event.key.length !== 1) return;
  // Space presses a button.
  if (event.key === " " && event.target instanceof Element && event.target.closest("a, button")) return;
  // The character follows the focus.
  document.querySelector<HTMLElement>("[data-shortcuts=thread] [data-composer]")?.focus();
}

/** The row of the open conversation; else the first row, or the list itself. */
export function focusOpenRow(): void {
  const list = document.querySelector<HTMLElement>("[data-shortcuts=list]");
  const row = list?.querySelector<HTMLElement>("li a[aria-current]") ?? list?.querySelector<HTMLElement>("li a") ?? list;
  row?.focus();
}

/** The row that j and k have moved the focus to, if its conversation is not the open one: keys for that would surprise. */
export function focusedOtherRow(): HTMLElement | null {
  const at = document.activeElement;
  return at instanceof HTMLElement && at.matches("[data-index] a:not([aria-current])") ? at : null;
}
