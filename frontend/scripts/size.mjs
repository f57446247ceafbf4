/**
 * Adds up the gzipped JavaScript that a first visit to the Messenger loads: the entry, the Messenger route's chunk,
 * and everything they import statically. Fails above the budget.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 150;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const manifest = JSON.parse(readFileSync(join(dist, ".vite", "manifest.json"), "utf8"));

const roots = Object.entries(manifest)
  .filter(([source, chunk]) => chunk.isEntry || source.endsWith("app/pages/MessengerPage.tsx"))
  .map(([source]) => source);
if (roots.length !== 2) {
  console.error(`Expected the entry and the Messenger route in the manifest, found: ${roots.join(", ") || "nothing"}`);
  process.exit(1);
}

const seen = new Set();
const visit = (source) => {
  if (seen.has(source)) return;
  seen.add(source);
  (manifest[source].imports ?? []).forEach(visit);
};
roots.forEach(visit);

let total = 0;
for (const source of seen) {
  const { file } = manifest[source];
  if (!file.endsWith(".js")) continue;
  const bytes = gzipSync(readFileSync(join(dist, file))).length;
  total += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${file}`);
}
const verdict = total <= BUDGET_KB * 1000 ? "within" : "OVER";
console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  gzipped, first load of the Messenger: ${verdict} the budget of ${BUDGET_KB} kB`);
if (verdict === "OVER") process.exit(1);
