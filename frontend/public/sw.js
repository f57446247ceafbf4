/**
 * The service worker: it shows notifications that the service pushes, and opens what they are about. It answers no
 * request and stores nothing, so that no text of a family stays in the browser.
 */
const API = "/api/v1";
const ANSWER_MS = 500;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(read(event.data))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribeAgain()));

/** What the service pushes: {kind, title, body, path, tag}. */
function read(data) {
  try {
    const pushed = data?.json();
    if (typeof pushed?.title === "string") return pushed;
  } catch {
    // Shown as what it is: something has come.
  }
  return { kind: "message", title: "Messenger", body: "Something new has come in.", path: "/messenger", tag: "messenger" };
}

async function show({ kind, title, body, path, tag }) {
  if (kind !== "test" && !mustShow() && (await isLookedAt())) return;
  await self.registration.showNotification(title, {
    body,
    tag,
    // A newer text of a conversation takes the place of the one before it, and is heard as well.
    renotify: true,
    icon: "/icon-192.png",
    badge: "/badge-96.png",
    data: { path },
  });
}

/** A person who looks at the Messenger sees it there. */
async function isLookedAt() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return pages.some((page) => page.focused && page.visibilityState === "visible");
}

/** Safari ends a subscription that shows nothing a few times. */
function mustShow() {
  return /Safari\//.test(navigator.userAgent) && !/(Chrome|Chromium|Android)\//.test(navigator.userAgent);
}

async function open(path) {
  const address = isOurs(path) ? path : "/messenger";
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => each.focused) ?? pages.find((each) => each.visibilityState === "visible") ?? pages[0];
  if (!page) {
    await self.clients.openWindow(address);
    return;
  }
  await page.focus().catch(() => undefined); // Refused unless a person has clicked.
  if (await goesThere(page, address)) return;
  // A page that does not listen, such as the sign-in.
  await page.navigate(address).catch(() => self.clients.openWindow(address));
}

function isOurs(path) {
  return typeof path === "string" && path.startsWith("/") && new URL(path, self.location.origin).origin === self.location.origin;
}

/** Asks a page of the app to go there, so that it need not load anew. Whether it has. */
function goesThere(page, path) {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(true);
    setTimeout(() => done(false), ANSWER_MS);
    page.postMessage({ type: "open", path }, [port2]);
  });
}

/** The browser has ended the subscription. Without a connection or a sign-in, the page does it when it is next open. */
async function subscribeAgain() {
  const settings = await fetch(`${API}/me/notifications`);
  if (!settings.ok) return;
  const { push_public_key: applicationServerKey } = await settings.json();
  const subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await fetch(`${API}/me/push-subscriptions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(subscription.toJSON()),
  });
}
