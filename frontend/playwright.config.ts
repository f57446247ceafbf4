/**
 * Browser tests against the real thing: `messenger up` with its own data folder, on free ports, with the carrier simulator.
 * Nothing is mocked. The browser is the one that CHROMIUM_PATH names, or the one that scripts/chromium finds.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { defineConfig, devices } from "@playwright/test";

const FREE_PORTS = `
  const net = require("node:net");
  const servers = [net.createServer(), net.createServer()];
  Promise.all(servers.map((s) => new Promise((done) => s.listen(0, "127.0.0.1", done)))).then(() => {
    console.log(servers.map((s) => s.address().port).join(" "));
    servers.forEach((s) => s.close());
  });`;

// The first process to read this file decides; Playwright's workers inherit its environment.
if (!process.env.E2E_PORT) {
  const [port, simulatorPort] = execFileSync(process.execPath, ["-e", FREE_PORTS], { encoding: "utf8" }).trim().split(" ");
  const dataDir = mkdtempSync(join(tmpdir(), "messenger-e2e-"));
  Object.assign(process.env, { E2E_PORT: port, E2E_SIMULATOR_PORT: simulatorPort, E2E_DATA_DIR: dataDir });
  process.env.CHROMIUM_PATH ??= execFileSync(process.execPath, ["../scripts/chromium/chromium.mjs"], { encoding: "utf8" }).trim();
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
}
const { E2E_PORT = "", E2E_SIMULATOR_PORT = "", E2E_DATA_DIR = "", CHROMIUM_PATH = "" } = process.env;
const address = `http://127.0.0.1:${E2E_PORT}`;

export default defineConfig({
  testDir: "./e2e",
  outputDir: "./test-results",
  // One service, one set of badges: tests take turns.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    baseURL: address,
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      args: ["--no-sandbox"],
      executablePath: CHROMIUM_PATH,
    },
  },
  webServer: {
    command: ".venv/bin/messenger up",
    cwd: "..",
    url: `${address}/readyz`,
    timeout: 120_000,
    stdout: "ignore",
    stderr: "pipe",
    gracefulShutdown: { signal: "SIGTERM", timeout: 20_000 },
    env: {
      MESSENGER_DATA_DIR: E2E_DATA_DIR,
      MESSENGER_PORT: E2E_PORT,
      MESSENGER_SIMULATOR_PORT: E2E_SIMULATOR_PORT,
      MESSENGER_PUBLIC_URL: address,
      // Short, so that a test can wait for them.
      MESSENGER_VIEWER_LEASE_SECONDS: "12",
      MESSENGER_SEEN_DEADLINE_SECONDS: "4",
      MESSENGER_LOG_LEVEL: "warning",
    },
  },
});
