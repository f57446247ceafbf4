import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const read = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)));
const library = (name: string) => read(`../node_modules/swagger-ui-dist/${name}`);

/** The API reference at /docs: a page of its own with its own scripts, so that nothing comes from another host. */
export function docsPage(): Plugin {
  return {
    name: "docs-page",
    apply: "build",
    generateBundle() {
      const emit = (name: string, source: Uint8Array) => `/${this.getFileName(this.emitFile({ type: "asset", name, source }))}`;
      const style = emit("swagger-ui.css", library("swagger-ui.css"));
      const bundle = emit("swagger-ui-bundle.js", library("swagger-ui-bundle.js"));
      const start = emit("docs-start.js", read("start.js"));
      this.emitFile({ type: "asset", fileName: "assets/swagger-ui-LICENSE.txt", source: library("LICENSE") });
      this.emitFile({
        type: "asset",
        fileName: "docs.html",
        source: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Messenger Center: API reference</title>
    <link rel="stylesheet" href="${style}" />
  </head>
  <body>
    <div id="reference"></div>
    <noscript>The API reference needs JavaScript. The document itself is at /openapi.json.</noscript>
    <script src="${bundle}"></script>
    <script src="${start}"></script>
  </body>
</html>
`,
      });
    },
  };
}
