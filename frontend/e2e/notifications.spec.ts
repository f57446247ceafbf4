/** What a browser shows of a push, and where a click on it leads; the settings, at desk and phone width. */
import { expect, test } from "./business";
import { expectAccessible } from "./support";
import type { CDPSession, Page } from "@playwright/test";

interface Pushed {
  kind: string;
  title: string;
  body: string;
  path: string;
  tag: string;
}

/** The browser's own end of web push: what a push service would hand to it. */
class PushService {
  private constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
    private readonly registrationId: string,
  ) {}

  static async of(page: Page): Promise<PushService> {
    const cdp = await page.context().newCDPSession(page);
    const registered = new Promise<string>((found) => {
      cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }: { registrations: { registrationId: string; isDeleted: boolean }[] }) => {
        const [registration] = registrations.filter(({ isDeleted }) => !isDeleted);
        if (registration) found(registration.registrationId);
      });
    });
    await cdp.send("ServiceWorker.enable");
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      await navigator.serviceWorker.ready;
    });
    return new PushService(page, cdp, await registered);
  }

  async deliver(pushed: Pushed | string): Promise<void> {
    const data = typeof pushed === "string" ? pushed : JSON.stringify(pushed);
    await this.cdp.send("ServiceWorker.deliverPushMessage", { origin: new URL(this.page.url()).origin, registrationId: this.registrationId, data });
  }

  shown(): Promise<{ title: string; body: string; tag: string }[]> {
    return this.page.evaluate(async () => {
      const { getNotifications } = await navigator.serviceWorker.ready.then((ready) => ({ getNotifications: () => ready.getNotifications() }));
      return (await getNotifications()).map(({ title, body, tag }) => ({ title, body, tag }));
    });
  }

  /** The person clicks the notification. */
  async click(title: string): Promise<void> {
    const worker = this.page.context().serviceWorkers().find((each) => each.url().endsWith("/sw.js"));
    if (!worker) throw new Error("There is no service worker");
    await worker.evaluate(async (wanted) => {
      const scope = globalThis as unknown as ServiceWorkerGlobalScopeOfTest;
      const notification = (await scope.registration.getNotifications()).find((each) => each.title === wanted);
      scope.dispatchEvent(new scope.NotificationEvent("notificationclick", { notification }));
    }, title);
  }
}

interface ServiceWorkerGlobalScopeOfTest {
  registration: ServiceWorkerRegistration;
  NotificationEvent: new (type: string, init: object) => Event;
  dispatchEvent: (event: Event) => boolean;
}

test.beforeEach(async ({ context }) => {
  await context.grantPermissions(["notifications"]);
});

test("a push is shown while nobody looks, and a click opens its conversation", async ({ page, context, business }) => {
  const rosa = await business.family("Castillo");
  await business.text(rosa.number, "Is class on today?");
  await business.signIn(page, "maria", "/families");
  const push = await PushService.of(page);
  const found = await page.request.get(`/api/v1/conversations?phone_number=${encodeURIComponent(rosa.number)}`);
  const [conversation] = ((await found.json()) as { items: { id: string }[] }).items;
  const path = `/messenger/${conversation?.id ?? ""}`;
  const text = { kind: "message", title: "Castillo family", body: "Is class on today?", path, tag: `message-${conversation?.id ?? ""}` };

  // Somebody looks at the Messenger: it is seen there.
  await page.bringToFront();
  await push.deliver(text);
  // A test is shown all the same, so the worker has been through both.
  await push.deliver({ kind: "test", title: "Notifications work", body: "This browser shows them from now on.", path: "/account", tag: "test" });
  await expect.poll(async () => (await push.shown()).map(({ title }) => title)).toEqual(["Notifications work"]);

  const other = await context.newPage();
  await other.bringToFront();
  await push.deliver(text);
  await push.deliver({ ...text, body: "And tomorrow?" });
  await push.deliver("not what the service sends");
  await expect
    .poll(async () => (await push.shown()).map(({ title, body }) => `${title}: ${body}`).sort())
    .toEqual(["Castillo family: And tomorrow?", "Messenger: Something new has come in.", "Notifications work: This browser shows them from now on."]);
  await other.close();
});

test("this browser, what is told and when are chosen under Account", async ({ page, business }) => {
  await business.signIn(page, "maria");
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Notifications" }).click();
  const section = page.getByRole("region", { name: "Notifications" });
  await section.getByRole("button", { name: "Turn on" }).click();
  await expect(section.getByText("This browser shows notifications")).toBeVisible();
  await section.getByRole("checkbox", { name: "Not during quiet hours" }).check({ force: true });
  await section.getByRole("radio", { name: "What is mine" }).check({ force: true });
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await page.reload();
  await expect(section.getByRole("radio", { name: "What is mine" })).toBeChecked();
  await expect(section.getByLabel("From")).toHaveValue("20:00");
  await section.getByRole("button", { name: "Turn off" }).click();
  await expect(section.getByText("This browser shows no notifications")).toBeVisible();
});

test("the app can be installed", async ({ page, business }) => {
  await business.signIn(page, "maria");
  const cdp = await page.context().newCDPSession(page);
  const { errors } = await cdp.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  // Browser tests run in windows without a profile, which never install anything.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
});
