/** The conversation view as a chunk of its own: the list does not wait for it. */
import { lazyRouteComponent } from "@tanstack/react-router";

export const ConversationView = lazyRouteComponent(() => import("@/features/thread/ConversationView"), "ConversationView");

/** Fetches the code, once. A failure shows when a conversation is opened. */
export function preloadConversationView(): void {
  void ConversationView.preload?.();
}

/** Fetches the code after the list has had the network to itself. */
export function preloadConversationViewWhenIdle(): () => void {
  // Safari has no requestIdleCallback.
  if (typeof window.requestIdleCallback !== "function") {
    const timer = window.setTimeout(preloadConversationView, 500);
    return () => window.clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(preloadConversationView, { timeout: 1_000 });
  return () => window.cancelIdleCallback(handle);
}
