/** What a browser shows of a push, and where a click on it leads; the settings, at desk and phone width. */
import { expect, test } from "./business";
import { expectAccessible, get, messages } from "./support";
import type { CDPSession, Page, Worker } from "@playwright/test";

interface Shown {
  title: string;
  body: string;
}

interface WorkerOfTest {
  shown: Shown[];
  registration: { showNotification: (title: string, options: { body: string }) => Promise<void> };
  open: (path: string) => Promise<void>;
}

/** The browser's end of web push. A headless browser never allows notifications, so the worker notes what it would show. */
class PushService {
  private constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
    private readonly registrationId: string,
    private readonly worker: Worker,
  ) {}

  static async of(page: Page): Promise<PushService> {
    const cdp = await page.context().newCDPSession(page);
    const registered = new Promise<string>((found) => {
      cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const registration = registrations.find(({ isDeleted }) => !isDeleted);
        if (registration) found(registration.registrationId);
      });
    });
    await cdp.send("ServiceWorker.enable");
    const started = page.context().waitForEvent("serviceworker");
    await page.evaluate(() => navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready));
    const worker = await started;
    await worker.evaluate(() => {
      const self = globalThis as unknown as WorkerOfTest;
      self.shown = [];
      self.registration.showNotification = (title, { body }) => {
        self.shown.push({ title, body });
        return Promise.resolve();
      };
    });
    return new PushService(page, cdp, await registered, worker);
  }

  async deliver(pushed: object | string): Promise<void> {
    const data = typeof pushed === "string" ? pushed : JSON.stringify(pushed);
    const { origin } = new URL(this.page.url());
    await this.cdp.send("ServiceWorker.deliverPushMessage", { origin, registrationId: this.registrationId, data });
  }

  async titles(): Promise<string[]> {
    return this.worker.evaluate(() => (globalThis as unknown as WorkerOfTest).shown.map(({ title, body }) => `${title}: ${body}`));
  }

  /** What a click on a notification does. */
  async open(path: string): Promise<void> {
    await this.worker.evaluate((to) => (globalThis as unknown as WorkerOfTest).open(to), path);
  }
}

test("a push shows while nobody looks, and a click opens its conversation", async ({ page, context, business }) => {
  const rosa = await business.family("Castillo");
  await business.text(rosa.number, "Is class on today?");
  await business.signIn(page, "maria", "/families");
  const push = await PushService.of(page);
  const found = await get(page.request, `/api/v1/conversations?phone_number=${encodeURIComponent(rosa.number)}`);
  const [conversation] = ((await found.json()) as { items: { id: string }[] }).items;
  const path = `/messenger/${conversation?.id ?? ""}`;
  const text = { kind: "message", title: "Castillo family", body: "Is class on today?", path, tag: "message" };

  await page.bringToFront();
  await push.deliver(text);
  // A test is shown to who looks, too: so the worker has been through both.
  await push.deliver({ ...text, kind: "test", title: "Notifications work", path: "/account" });
  await expect.poll(() => push.titles()).toEqual(["Notifications work: Is class on today?"]);

  await push.open(path);
  await expect(page).toHaveURL(new RegExp(path));
  await expect(messages(page)).toContainText("Is class on today?");
  await push.open("https://elsewhere.example.com/");
  await expect(page).toHaveURL(/\/messenger$/);
  expect(context.pages()).toHaveLength(1);
});

test("what is told and when is chosen under Account", async ({ page, business }) => {
  await business.signIn(page, "maria");
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Notifications" }).click();
  const section = page.getByRole("region", { name: "Notifications" });
  // As this browser answers.
  await expect(section.getByText(/This browser blocks notifications/)).toBeVisible();
  await section.getByRole("checkbox", { name: "Not during quiet hours" }).check({ force: true });
  await section.getByRole("radio", { name: "What is mine" }).check({ force: true });
  await expect(section.getByLabel("From")).toHaveValue("20:00");
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await page.reload();
  await expect(section.getByRole("radio", { name: "What is mine" })).toBeChecked();
  await section.scrollIntoViewIfNeeded();
  await page.screenshot({ path: test.info().outputPath("notifications-390.png"), fullPage: true });
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
