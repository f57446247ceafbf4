/** Writes the pictures of one folder to another with fewer colours: `node scripts/screens/reduce.mjs FROM TO`. */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import sharp from "sharp";

const COLOURS = 96;
const BUDGET_MB = 5;

const [from, to] = process.argv.slice(2);
mkdirSync(to, { recursive: true });
const pictures = readdirSync(from).filter((name) => name.endsWith(".png"));
await Promise.all(pictures.map((name) => sharp(join(from, name)).png({ palette: true, colours: COLOURS, dither: 0, effort: 10, compressionLevel: 9 }).toFile(join(to, name))));
const megabytes = readdirSync(to).reduce((sum, name) => sum + statSync(join(to, name)).size, 0) / 1_000_000;
console.log(`${pictures.length} pictures; ${to} has ${megabytes.toFixed(1)} MB of ${BUDGET_MB}`);
if (megabytes > BUDGET_MB) process.exit(1);
