/** The page: a list of handsets at the left, the open ones beside it. */

import { formatNumber, h, initials, nameOf, when } from "./dom.js";
import { Phone } from "./phone.js";
import { byRecency, onChange, open, put, start, state } from "./store.js";

const SHOWN = 200;
const $ = (id) => document.getElementById(id);
const phones = new Map();

onChange((change) => {
  const { kind, number } = change;
  if (kind === "connection") $("connection").hidden = !change.lost;
  if (kind === "all" || kind === "open" || kind === "close") renderPhones();
  if (kind === "all") phones.forEach((phone) => phone.render());
  if (kind === "handset") phones.get(number)?.render();
  if (kind === "text") phones.get(number)?.arrive(change.text);
  if (kind === "all" || kind === "open" || kind === "handset") phones.forEach((phone) => phone.look());
  if (kind === "open") {
    const { element, box } = phones.get(number);
    element.scrollIntoView({ inline: "nearest", block: "nearest" });
    if (!matchMedia("(pointer: coarse)").matches) box.focus();
  }
  renderListSoon();
});

function renderPhones() {
  for (const number of [...phones.keys()]) if (!state.open.includes(number)) phones.delete(number);
  for (const number of state.open)
    if (!phones.has(number)) phones.set(number, new Phone(number, { onBack: () => view("list") }));
  const elements = state.open.map((number) => phones.get(number).element);
  // Only what changed is moved, so that nobody loses the box in which they write.
  const main = $("phones");
  for (const child of [...main.children]) if (!elements.includes(child)) child.remove();
  elements.forEach((element, n) => {
    if (main.children[n] !== element) main.insertBefore(element, main.children[n] ?? null);
  });
  if (!elements.length) main.append(nothingOpen());
  phones.forEach((phone) => phone.scroll());
}

function nothingOpen() {
  const [title, words] = state.handsets.size
    ? ["No handset in hand", "Choose one from the list and text the business as a parent would."]
    : ["No handsets yet", "The application adds its families' phones when it starts. You can add one yourself."];
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, words));
}

let soon = false;
function renderListSoon() {
  if (soon) return;
  soon = true;
  requestAnimationFrame(() => {
    soon = false;
    renderList();
  });
}

function renderList() {
  const words = $("search").value.trim().toLowerCase();
  const digits = words.replace(/\D/g, "");
  const found = byRecency().filter(
    ({ name, phone_number }) => name.toLowerCase().includes(words) || (digits && phone_number.includes(digits)),
  );
  const focused = document.activeElement?.dataset?.number;
  $("list").replaceChildren(...found.slice(0, SHOWN).map(row));
  if (focused) $("list").querySelector(`[data-number="${CSS.escape(focused)}"]`)?.focus();
  const note = $("list-note");
  note.hidden = found.length > 0 && found.length <= SHOWN;
  note.textContent = found.length
    ? `${found.length - SHOWN} more. Search to find them.`
    : words
      ? "No handset has this name or number."
      : "No handsets yet.";
  const unread = Object.values(state.unread).reduce((sum, count) => sum + count, 0);
  document.title = unread ? `(${unread}) Handsets` : "Handsets";
}

function row(handset) {
  const number = handset.phone_number;
  const last = handset.last_text;
  const unread = state.unread[number];
  const words = last ? last.body || "Picture" : handset.name ? formatNumber(number) : "No texts yet";
  const preview = last?.direction === "from_handset" ? `You: ${words}` : words;
  return h(
    "li",
    { class: unread ? "unread" : null },
    h(
      "button",
      {
        type: "button",
        "data-number": number,
        "aria-pressed": String(state.open.includes(number)),
        "aria-label": `${nameOf(handset)}, ${formatNumber(number)}${unread ? `, ${unread} unread` : ""}`,
        onclick: () => {
          view("phones");
          open(number);
        },
      },
      h("span", { class: "avatar", "aria-hidden": "true" }, initials(handset)),
      h("span", { class: "who" }, nameOf(handset)),
      h("span", { class: "when" }, last ? when(last.at) : ""),
      h("span", { class: "preview" }, preview),
      unread ? h("span", { class: "count" }, String(unread)) : null,
    ),
  );
}

function view(name) {
  document.body.dataset.view = name;
}

function newHandset() {
  const form = $("new-form");
  form.reset();
  form.querySelector(".error").hidden = true;
  form.elements.phone_number.value = unusedNumber();
  $("new-dialog").showModal();
  form.elements.phone_number.select();
}

/** A number from the range that is kept for fiction, as long as one is left. */
function unusedNumber() {
  for (let n = 199; n >= 100; n -= 1) {
    const number = `+1312555${String(n).padStart(4, "0")}`;
    if (!state.handsets.has(number) && !state.lines.has(number)) return number;
  }
  return "";
}

$("new-handset").addEventListener("click", newHandset);
$("new-dialog").querySelector("[value=cancel]").addEventListener("click", () => $("new-dialog").close());
$("new-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { phone_number, name } = event.target.elements;
  const number = phone_number.value.replace(/[^\d+]/g, "").replace(/^(?=\d{10}$)/, "+1");
  const error = event.target.querySelector(".error");
  error.hidden = /^\+[1-9]\d{6,14}$/.test(number);
  error.textContent = "Write the number with its country code, like +1 312 555 0199.";
  if (!error.hidden) return;
  try {
    state.handsets.set(number, await put(number, { name: name.value.trim() }));
    $("new-dialog").close();
    view("phones");
    await open(number);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
});
$("search").addEventListener("input", renderList);
document.addEventListener("visibilitychange", () => phones.forEach((phone) => phone.look()));
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  $("search").focus();
});

if (matchMedia("(max-width: 760px)").matches && !location.search) view("list");
start().catch((problem) => {
  $("connection").textContent = problem.message;
  $("connection").hidden = false;
});
