/**
 * Tests of modules that need layout: scrolling, focus, layout shift. They run in the Chromium of the browser tests, without
 * the service: `npm run test:browser`. A configuration of its own, so that the other tests start no browser.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const executablePath =
  process.env.CHROMIUM_PATH ?? execFileSync(process.execPath, ["../scripts/chromium/chromium.mjs"], { encoding: "utf8" }).trim();

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Found while a test runs, they would reload its page.
  optimizeDeps: {
    include: ["react", "react-dom/client", "react/jsx-dev-runtime", "virtua", "@testing-library/react", "@radix-ui/react-dialog", "@tanstack/react-query", "@tanstack/react-router"],
  },
  test: {
    include: ["src/**/*.browser.{ts,tsx}"],
    setupFiles: ["./src/testing/browser-setup.ts"],
    testTimeout: 20_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      viewport: { width: 1000, height: 700 },
      provider: playwright({ launchOptions: { executablePath, args: ["--no-sandbox"] } }),
      instances: [{ browser: "chromium" }],
    },
  },
});
