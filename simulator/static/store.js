/** What the page knows, kept fresh by the carrier's events, and what this browser remembers of it. */

const MEMORY = "handsets";

export const state = {
  lines: new Map(),
  handsets: new Map(),
  texts: new Map(), // Of opened handsets: phone number → texts, oldest first.
  ...{ open: [], seen: {}, unread: {}, chosen: {} },
};

const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
const changed = (change) => listeners.forEach((listener) => listener(change));

export async function start() {
  recall();
  const wanted = new URLSearchParams(location.search).getAll("handset");
  await load();
  if (wanted.length) state.open = wanted.map((number) => number.replace(" ", "+"));
  else if (!state.open.length) state.open = byRecency().slice(0, 3).map((handset) => handset.phone_number);
  state.open = state.open.filter((number) => state.handsets.has(number));
  await Promise.all(state.open.map(loadTexts));
  changed({ kind: "all" });
  listen();
}

async function load() {
  const [lines, handsets] = await Promise.all([ask("GET", "/lines"), ask("GET", "/handsets")]);
  state.lines = new Map(lines.items.map((line) => [line.phone_number, line]));
  state.handsets = new Map(handsets.items.map((handset) => [handset.phone_number, handset]));
  for (const { phone_number: number, last_text: last } of handsets.items) {
    if (!last || (state.seen[number] ?? "") > last.at) delete state.seen[number];
    const unseen = last && last.direction === "to_handset" && last.at > (state.seen[number] ?? "");
    if (!unseen) delete state.unread[number];
    else state.unread[number] ??= 1;
  }
}

async function loadTexts(number) {
  state.texts.set(number, (await ask("GET", `/handsets/${encodeURIComponent(number)}/texts`)).items);
}

function listen() {
  let lost = false;
  const events = new EventSource("/control/events");
  const reload = async () => {
    await load();
    state.open = state.open.filter((number) => state.handsets.has(number));
    await Promise.all(state.open.map(loadTexts));
    changed({ kind: "all" });
  };
  events.addEventListener("hello", () => {
    changed({ kind: "connection", lost: false });
    if (lost) reload();
    lost = false;
  });
  events.addEventListener("error", () => {
    lost = true;
    changed({ kind: "connection", lost: true });
  });
  events.addEventListener("resync", reload);
  events.addEventListener("text", (event) => receive(JSON.parse(event.data)));
  events.addEventListener("handset", (event) => {
    const handset = JSON.parse(event.data);
    state.handsets.set(handset.phone_number, handset);
    changed({ kind: "handset", number: handset.phone_number });
  });
  events.addEventListener("line", (event) => {
    const line = JSON.parse(event.data);
    state.lines.set(line.phone_number, line);
    changed({ kind: "all" });
  });
}

function receive(text) {
  const number = text.handset;
  const handset = state.handsets.get(number) ?? { phone_number: number, name: "", state: "on" };
  state.handsets.set(number, { ...handset, last_text: text });
  const texts = state.texts.get(number);
  if (texts?.some((known) => known.message_sid === text.message_sid)) return;
  texts?.push(text);
  if (text.direction === "to_handset") state.unread[number] = (state.unread[number] ?? 0) + 1;
  changed({ kind: "text", number, text });
}

/** Handsets, those with the newest texts first, then by name. */
export function byRecency() {
  return [...state.handsets.values()].sort(
    (a, b) =>
      (b.last_text?.at ?? "").localeCompare(a.last_text?.at ?? "") ||
      a.name.localeCompare(b.name) ||
      a.phone_number.localeCompare(b.phone_number),
  );
}

export async function open(number) {
  if (!state.open.includes(number)) {
    await loadTexts(number);
    state.open = [number, ...state.open];
    remember();
  }
  changed({ kind: "open", number });
}

export function close(number) {
  state.open = state.open.filter((other) => other !== number);
  state.texts.delete(number);
  remember();
  changed({ kind: "close", number });
}

/** The person has looked at what has arrived. */
export function see(number) {
  const last = state.texts.get(number)?.at(-1);
  if (last) state.seen[number] = last.at;
  if (!state.unread[number]) return;
  delete state.unread[number];
  remember();
  changed({ kind: "seen", number });
}

/** The line that a handset is texting: the chosen one, else the one of its last text, else the first. */
export function lineOf(number) {
  const last = state.texts.get(number)?.at(-1)?.line;
  return [state.chosen[number], last].find((line) => state.lines.has(line)) ?? state.lines.keys().next().value;
}

export function choose(number, line) {
  state.chosen[number] = line;
  remember();
  changed({ kind: "handset", number });
}

export const send = (number, to, body, media) =>
  ask("POST", `/handsets/${encodeURIComponent(number)}/texts`, { to, body, media });

export const put = (number, fields) => ask("PUT", `/handsets/${encodeURIComponent(number)}`, fields);

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`/control${path}`, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Error("The simulator cannot be reached.");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(typeof answer.detail === "string" ? answer.detail : answer.detail[0].what);
  return answer;
}

function recall() {
  try {
    Object.assign(state, JSON.parse(localStorage.getItem(MEMORY) ?? "{}"));
  } catch {
    localStorage.removeItem(MEMORY);
  }
}

function remember() {
  const { open, seen, unread, chosen } = state;
  localStorage.setItem(MEMORY, JSON.stringify({ open, seen, unread, chosen }));
}
