/**
 * Adds up the gzipped JavaScript that a first visit to the Messenger loads: the entry, the Messenger route's chunk, and
 * everything they import statically; then what opening a conversation adds to it. Fails above a budget.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const FIRST_LOAD_KB = 150;
/** Fetched while the list is shown, or together with the first load where the address names a conversation. */
const CONVERSATION_KB = 40;

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const manifest = JSON.parse(readFileSync(join(dist, ".vite", "manifest.json"), "utf8"));
const seen = new Set();

/** Prints the scripts that these chunks need and nothing before them did, and whether they are within the budget. */
function measure(what, budget, isRoot, count) {
  const roots = Object.entries(manifest).filter(([source, chunk]) => isRoot(source, chunk)).map(([source]) => source);
  if (roots.length !== count) {
    console.error(`Expected ${count} chunks for the ${what} in the manifest, found: ${roots.join(", ") || "nothing"}`);
    process.exit(1);
  }
  let total = 0;
  const visit = (source) => {
    if (seen.has(source)) return;
    seen.add(source);
    const { file, imports = [] } = manifest[source];
    if (file.endsWith(".js")) {
      const bytes = gzipSync(readFileSync(join(dist, file))).length;
      total += bytes;
      console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${file}`);
    }
    imports.forEach(visit);
  };
  roots.forEach(visit);
  const within = total <= budget * 1000;
  console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  gzipped, ${what}: ${within ? "within" : "OVER"} the budget of ${budget} kB\n`);
  return within;
}

const verdicts = [
  measure("first load of the Messenger", FIRST_LOAD_KB, (source, chunk) => chunk.isEntry || source.endsWith("app/pages/MessengerPage.tsx"), 2),
  measure("opening a conversation", CONVERSATION_KB, (source) => source.endsWith("features/thread/ConversationView.tsx"), 1),
];
if (verdicts.includes(false)) process.exit(1);
