/** Writes compressed copies (`.br`, `.gz`) beside the files of the build, where they are smaller. The service serves them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = /\.(js|css|html|svg|txt)$/;
/** Smaller ones fit into one packet anyway. */
const MIN_BYTES = 1024;

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => COMPRESSIBLE.test(name));

async function compress(name) {
  const file = join(dist, name);
  const content = readFileSync(file);
  if (content.length < MIN_BYTES) return;
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
  const copies = { br: await promisify(brotliCompress)(content, brotli), gz: await promisify(gzip)(content, { level: 9 }) };
  for (const [suffix, copy] of Object.entries(copies)) {
    if (copy.length < content.length) writeFileSync(`${file}.${suffix}`, copy);
  }
}

await Promise.all(files.map(compress));
