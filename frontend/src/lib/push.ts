/** This browser's half of web push: whether it can, the service worker, and the subscription at its push service. */

/**
 * `push`: notifications also while no page is open. `page`: while one is open. `install`: an iPhone or iPad, once the app is
 * on its Home Screen. `none`: this browser has no notifications.
 */
export type PushSupport = "push" | "page" | "install" | "none";

export function pushSupport(): PushSupport {
  if (isAppleTouch() && !isInstalled()) return "install";
  if (!("Notification" in window)) return "none";
  return "serviceWorker" in navigator && "PushManager" in window ? "push" : "page";
}

/** An iPad says that it is a Mac; no Mac has a touch screen. */
function isAppleTouch(): boolean {
  return /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1);
}

function isInstalled(): boolean {
  return window.matchMedia("(display-mode: standalone)").matches || (navigator as { standalone?: boolean }).standalone === true;
}

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  return "serviceWorker" in navigator ? navigator.serviceWorker.getRegistration("/") : undefined;
}

/** This browser's subscription, whoever has signed in here. */
export async function subscriptionHere(): Promise<PushSubscription | null> {
  const found = await registration();
  return (await found?.pushManager.getSubscription()) ?? null;
}

/** Subscribes at the push service, under the service's key. Throws a `DOMException` where that cannot be reached. */
export async function subscribeHere(publicKey: string): Promise<PushSubscription> {
  await navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  if (before && sameKey(before, publicKey)) return before;
  await before?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
}

export function sameKey(subscription: PushSubscription, publicKey: string): boolean {
  const key = subscription.options.applicationServerKey;
  if (!key) return false;
  const text = btoa(String.fromCharCode(...new Uint8Array(key)));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") === publicKey;
}
