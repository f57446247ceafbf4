/** The API in memory of a person's notifications, and a browser that has web push. */
import { http, HttpResponse, type HttpHandler } from "msw";

import { anId, NOW } from "./builders";
import type { Browser, NotificationSettings } from "@/api/notifications";

export const PUSH_KEY = "BAAA";

export function aBrowser(overrides: Partial<Browser> = {}): Browser {
  return { id: anId(), device: "Safari on iPhone", current: false, created_at: NOW.toISOString(), pushed_at: null, ...overrides };
}

export class NotificationsWorld {
  settings: NotificationSettings = { scope: "all", sound: true, shows_text: true, quiet_hours: null, push_public_key: PUSH_KEY };
  browsers: Browser[] = [];
  /** What was subscribed. */
  readonly endpoints: string[] = [];
  readonly tested: string[] = [];

  handlers(api: string): HttpHandler[] {
    return [
      http.get(`${api}/me/notifications`, () => HttpResponse.json(this.settings)),
      http.put(`${api}/me/notifications`, async ({ request }) => {
        this.settings = { ...this.settings, ...((await request.json()) as Omit<NotificationSettings, "push_public_key">) };
        return HttpResponse.json(this.settings);
      }),
      http.get(`${api}/me/push-subscriptions`, () => HttpResponse.json(this.browsers)),
      http.post(`${api}/me/push-subscriptions`, async ({ request }) => {
        const { endpoint } = (await request.json()) as { endpoint: string };
        this.endpoints.push(endpoint);
        const made = aBrowser({ device: "Chrome on Windows", current: true });
        this.browsers = [made, ...this.browsers.filter(({ current }) => !current)];
        return HttpResponse.json(made, { status: 201 });
      }),
      http.delete(`${api}/me/push-subscriptions/:id`, ({ params }) => {
        this.browsers = this.browsers.filter(({ id }) => id !== params.id);
        return new HttpResponse(null, { status: 204 });
      }),
      http.post(`${api}/me/push-subscriptions/:id/test`, ({ params }) => {
        this.tested.push(String(params.id));
        return HttpResponse.json(null, { status: 202 });
      }),
    ];
  }
}

/** jsdom has neither notifications nor service workers. This stands for the browser's own part, until `remove`. */
export class PushBrowser {
  permission: NotificationPermission;
  /** What an open page has shown. */
  readonly shown: { title: string; body: string | undefined }[] = [];
  subscription: { endpoint: string } | null = null;
  /** How the person answers the browser's question. */
  answer: NotificationPermission = "granted";

  constructor({ permission = "default", hasPush = true }: { permission?: NotificationPermission; hasPush?: boolean } = {}) {
    this.permission = permission;
    const { shown } = this;
    function Shown(title: string, options?: NotificationOptions) {
      shown.push({ title, body: options?.body });
    }
    const requestPermission = () => {
      if (this.permission === "default") this.permission = this.answer;
      return Promise.resolve(this.permission);
    };
    Object.assign(Shown, { requestPermission });
    Object.defineProperty(Shown, "permission", { get: () => this.permission });
    Object.assign(globalThis, { Notification: Shown });
    if (!hasPush) return;
    Object.assign(globalThis, { PushManager: Shown });
    const container = new EventTarget();
    const registration = { pushManager: this.pushManager() };
    Object.assign(container, {
      ready: Promise.resolve(registration),
      register: () => Promise.resolve(registration),
      getRegistration: () => Promise.resolve(registration),
    });
    Object.defineProperty(navigator, "serviceWorker", { configurable: true, value: container });
  }

  private pushManager() {
    return {
      getSubscription: () => Promise.resolve(this.made()),
      subscribe: () => {
        this.subscription = { endpoint: `https://push.example.com/${anId()}` };
        return Promise.resolve(this.made());
      },
    };
  }

  private made() {
    const here = this.subscription;
    if (!here) return null;
    return {
      options: { applicationServerKey: Uint8Array.from(atob(PUSH_KEY), (each) => each.charCodeAt(0)).buffer },
      toJSON: () => ({ endpoint: here.endpoint, keys: { p256dh: `B${"A".repeat(86)}`, auth: "A".repeat(22) } }),
      unsubscribe: () => {
        this.subscription = null;
        return Promise.resolve(true);
      },
    };
  }

  remove(): void {
    for (const name of ["Notification", "PushManager"]) Reflect.deleteProperty(globalThis, name);
    Reflect.deleteProperty(navigator, "serviceWorker");
  }
}
