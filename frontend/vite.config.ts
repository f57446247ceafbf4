import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { docsPage } from "./docs-page/plugin.ts";

const api = process.env.MESSENGER_API_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss(), docsPage()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    // The API compares Origin with its own address, so the proxy presents requests as coming from there.
    proxy: {
      "^/(api|webhooks)/": { target: api, changeOrigin: true, headers: { origin: new URL(api).origin } },
    },
  },
  build: {
    target: "es2023",
    manifest: true,
    // Under the server's Content-Security-Policy fonts and scripts come from files only, never from data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Few large chunks compress better than many small ones, and the libraries' changes more seldom than ours.
        codeSplitting: {
          groups: [
            { name: "libraries", test: /node_modules[\\/](react|react-dom|scheduler|@tanstack|openapi-fetch|use-sync-external-store|virtua)[\\/]/ },
            // What the Messenger's first load shares with other pages.
            { name: "shared", test: /src[\\/](api[\\/](client|cache-writer|keys|outbox-context|conversations|session|format|line-labels)|ui[\\/](Button|bits|look|SearchBox|SearchField|EndlessList|LastMessageLine)|lib[\\/](shortcuts|composer-focus|cx|text|drafts|describe-last-message))\.tsx?$/ },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    // One environment a worker: the set-up file puts everything back after each test. It halves the processor time.
    pool: "threads",
    isolate: false,
    setupFiles: ["./src/testing/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 20_000,
    restoreMocks: true,
    css: false,
    env: { TZ: "UTC" },
  },
});
