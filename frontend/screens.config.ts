/** `make screens`: pictures of the main screens for docs/screens/, of the demo business in a service of its own. Not a test. */
import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

export default defineConfig({
  ...tests,
  testDir: "./screens",
  projects: [{ name: "afternoon", testMatch: /setup/ }, { name: "screens", testMatch: /spec/, dependencies: ["afternoon"] }],
  timeout: 240_000,
  expect: { timeout: 8_000 },
  use: {
    ...tests.use,
    trace: "off",
    // The font of the emoji is added to the page.
    bypassCSP: true,
    contextOptions: { reducedMotion: "reduce" },
  },
});
