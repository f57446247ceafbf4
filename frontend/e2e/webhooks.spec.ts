/** HOOK in the browser: an endpoint is added, tried out, fails, and a delivery is replayed. The receiver is a real server. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "./business";
import { expectAccessible } from "./support";

interface Receiver {
  url: string;
  types: string[];
  status: number;
  server: Server;
}

async function listen(): Promise<Receiver> {
  const receiver: Receiver = { url: "", types: [], status: 204, server: createServer() };
  receiver.server.on("request", (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      receiver.types.push((JSON.parse(body) as { type: string }).type);
      response.writeHead(receiver.status).end(receiver.status === 204 ? undefined : "Down for repairs");
    });
  });
  await new Promise<void>((done) => receiver.server.listen(0, "127.0.0.1", done));
  receiver.url = `http://127.0.0.1:${(receiver.server.address() as AddressInfo).port}/hooks`;
  return receiver;
}

for (const [width, colorScheme] of [[1440, "light"], [360, "dark"]] as const) {
  test.describe(`${width} px, ${colorScheme}`, () => {
    test.use({ viewport: { width, height: 800 }, colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("an administrator adds a webhook endpoint, tests it, and sees what was delivered (HOOK)", async ({ business, page }, info) => {
      test.setTimeout(60_000);
      const receiver = await listen();
      const picture = async (name: string) => info.attach(name, { body: await page.screenshot(), contentType: "image/png" });
      await business.signIn(page, "ada", "/administration?tab=webhooks");
      await expect(page.getByText("No endpoints yet")).toBeVisible();
      await page.getByRole("button", { name: "New endpoint" }).click();
      await page.getByLabel("Address").fill("http://10.0.0.1/hooks");
      await page.getByRole("button", { name: "Create" }).click();
      await expect(page.getByText(/10\.0\.0\.1 is not on the public internet/)).toBeVisible();
      await page.getByLabel("Address").fill(receiver.url);
      await page.getByLabel("What it is for").fill("Class software");
      await page.getByText("These events").click();
      await page.getByText("A text arrived", { exact: true }).click();
      await expect(page.getByRole("checkbox", { name: "A text arrived" })).toBeChecked();
      await expectAccessible(page);
      await picture("dialog");
      await page.getByRole("button", { name: "Create" }).click();
      await expect(page.getByText(/^whsec_/)).toBeVisible();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Done" }).click();

      await page.getByRole("button", { name: /^Send a test to / }).click();
      await expect(page.getByText(/^The test was accepted\. It answered 204\./)).toBeVisible();
      expect(receiver.types).toEqual(["webhook_endpoint.test"]);

      receiver.status = 503;
      await page.getByRole("button", { name: /^Send a test to / }).click();
      await expect(page.getByText(/^The test failed\. It answered 503\./)).toBeVisible();
      await page.getByRole("button", { name: /^Deliveries to / }).click();
      const deliveries = page.getByRole("list", { name: /^Deliveries to / });
      await expect(deliveries.getByText("Failed")).toBeVisible();
      await deliveries.getByText("1 attempt").first().click();
      await expect(deliveries.getByText("Down for repairs")).toBeVisible();
      await expectAccessible(page);
      await picture("deliveries");

      await page.getByRole("button", { name: /^Change / }).click();
      await page.getByRole("dialog").getByText("On", { exact: true }).click();
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText(/An administrator switched it off/)).toBeVisible();
      await expectAccessible(page);
      await picture("off");
      await page.getByRole("button", { name: /^Switch on / }).click();
      await expect(page.getByText(/An administrator switched it off/)).toBeHidden();
      receiver.server.close();
    });
  });
}
