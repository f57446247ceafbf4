/** One handset: its thread with a line, quick answers, and a box to answer in. */

import { clock, day, formatNumber, h, icon, initials, nameOf } from "./dom.js";
import { Tray, attachment, encoded } from "./pictures.js";
import { choose, close, lineOf, put, see, send, state } from "./store.js";

const QUICK = ["Yes please", "Thanks!", "Running late", "STOP", "START", "HELP"];
const STATES = { on: "Switched on", off: "Switched off", landline: "Landline", unreachable: "Unreachable" };
const WHY = {
  off: "This phone is switched off. Texts to it will not be delivered.",
  landline: "This number is a landline. Texts to it will not be delivered.",
  unreachable: "The network cannot find this phone. Texts to it will not be delivered.",
};

export class Phone {
  constructor(number, { onBack }) {
    this.number = number;
    this.thread = h("div", {
      class: "thread",
      role: "log",
      "aria-label": "Texts",
      tabindex: "0",
      onscroll: () => this.follow(),
    });
    this.atEnd = true;
    this.top = 0;
    this.box = h("textarea", {
      rows: 1,
      placeholder: "Text message",
      "aria-label": "Text message",
      maxlength: 1600,
      oninput: () => this.refresh(),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.submit();
      },
      onpaste: (event) => {
        const files = [...event.clipboardData.files];
        if (!files.length) return;
        event.preventDefault();
        this.tray.add(files);
      },
    });
    this.tray = new Tray({
      onChange: () => {
        this.error.hidden = true;
        this.refresh();
        this.stay();
      },
      onProblem: (words) => this.complain(words),
    });
    this.sendButton = h("button", { type: "submit", class: "primary" }, "Send");
    this.quick = h(
      "div",
      { class: "quick", role: "group", "aria-label": "Quick answers" },
      ...QUICK.map((words) => {
        const kind = words === words.toUpperCase() ? `keyword ${words.toLowerCase()}` : "";
        return h("button", { type: "button", class: kind, onclick: () => this.send(words) }, words);
      }),
    );
    this.lines = h("span");
    this.power = h(
      "select",
      { onchange: () => this.try(() => put(number, { state: this.power.value })) },
      ...Object.entries(STATES).map(([value, words]) => h("option", { value }, words)),
    );
    this.name = h("h2");
    this.avatar = h("span", { class: "avatar", "aria-hidden": "true" });
    this.note = h("p", { class: "off-note", hidden: true });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    this.element = h(
      "section",
      { class: "phone", onfocusin: () => this.look() },
      h(
        "header",
        {},
        h(
          "div",
          { class: "top" },
          h("button", { type: "button", class: "icon back", "aria-label": "All handsets", onclick: onBack }, icon("M12.5 4l-6 6 6 6")),
          this.avatar,
          h("div", { class: "names" }, this.name, h("div", { class: "number" }, formatNumber(number))),
          h("button", { type: "button", class: "icon", "aria-label": "Put away", onclick: () => close(number) }, icon("M5 5l10 10M15 5 5 15")),
        ),
        h("div", { class: "pickers" }, this.lines, h("label", {}, "Phone", this.power)),
      ),
      this.thread,
      this.note,
      this.error,
      this.quick,
      this.tray.strip,
      h(
        "form",
        {
          class: "compose",
          onsubmit: (event) => {
            event.preventDefault();
            this.submit();
          },
        },
        this.tray.button,
        this.tray.input,
        this.box,
        this.sendButton,
      ),
    );
    this.render();
  }

  get handset() {
    return state.handsets.get(this.number);
  }

  /** Everything anew: another line, another name, a reload. */
  render() {
    const { handset } = this;
    this.element.setAttribute("aria-label", nameOf(handset));
    this.name.textContent = handset.name || "Unknown number";
    this.avatar.textContent = initials(handset);
    this.power.value = handset.state;
    this.power.classList.toggle("bad", handset.state !== "on");
    this.element.classList.toggle("unusable", handset.state !== "on");
    this.note.hidden = handset.state === "on";
    this.note.textContent = WHY[handset.state] ?? "";
    this.line = lineOf(this.number);
    this.renderLines();
    const texts = (state.texts.get(this.number) ?? []).filter((text) => text.line === this.line);
    this.lastDay = null;
    this.thread.replaceChildren();
    for (const text of texts) this.append(text);
    if (!texts.length) {
      const words = this.line ? "No texts yet. Write first, or wait for the business." : "No business has a line here yet.";
      this.thread.append(h("p", { class: "quiet" }, words));
    }
    this.refresh();
    this.scroll();
  }

  renderLines() {
    const labels = [...state.lines.values()].map((line) => line.label);
    const alone = (label) => label && labels.indexOf(label) === labels.lastIndexOf(label);
    const words = ({ label, phone_number: number }) =>
      alone(label) ? label : [label, formatNumber(number)].filter(Boolean).join(" · ");
    if (state.lines.size > 1) {
      const select = h(
        "select",
        { onchange: () => choose(this.number, select.value) },
        ...[...state.lines.values()].map((line) =>
          h("option", { value: line.phone_number, selected: line.phone_number === this.line }, words(line)),
        ),
      );
      this.lines.replaceChildren(h("label", {}, "Texting", select));
      return;
    }
    const line = state.lines.get(this.line);
    this.lines.replaceChildren(h("label", {}, "Texting", h("output", {}, line ? words(line) : "nobody yet")));
  }

  /** A text has just appeared on the handset. */
  arrive(text) {
    if (text.line !== this.line) {
      // Follow the conversation to another line, unless the person is writing.
      if (!this.box.value) choose(this.number, text.line);
      return;
    }
    const { atEnd } = this;
    this.thread.querySelector(".quiet")?.remove();
    this.append(text).classList.add("arrived");
    if (atEnd || text.direction === "from_handset") this.scroll();
    this.look();
  }

  append(text) {
    const today = day(text.at);
    if (today !== this.lastDay) this.thread.append(h("div", { class: "day" }, today));
    this.lastDay = today;
    const mine = text.direction === "from_handset";
    const kind = mine ? "mine" : text.by_carrier ? "theirs network" : "theirs";
    const element = h(
      "div",
      { class: `text ${kind}` },
      h(
        "div",
        { class: text.media.length ? "bubble pictures" : "bubble", dir: "auto" },
        ...text.media.map((media) => attachment(media, { onload: () => this.stay() })),
        text.body ? h("span", { class: "words" }, text.body) : null,
      ),
      h("span", { class: "meta" }, text.by_carrier ? `Network · ${clock(text.at)}` : clock(text.at)),
    );
    this.thread.append(element);
    return element;
  }

  refresh() {
    const usable = this.handset.state === "on" && Boolean(this.line);
    this.box.disabled = !usable;
    this.tray.disabled = !usable;
    this.sendButton.disabled = !usable || !(this.box.value.trim() || this.tray.files.length);
    for (const button of this.quick.children) button.disabled = !usable;
  }

  scroll() {
    this.thread.scrollTop = this.thread.scrollHeight;
    this.atEnd = true;
  }

  /** The end stays in view while pictures load above it or the thread gets less space. */
  stay() {
    if (this.atEnd) this.scroll();
  }

  /** Only a person scrolls up. */
  follow() {
    const { scrollTop, scrollHeight, clientHeight } = this.thread;
    this.atEnd = scrollHeight - scrollTop - clientHeight < 80 || (this.atEnd && scrollTop >= this.top);
    this.top = scrollTop;
  }

  look() {
    if (!document.hidden && this.element.checkVisibility()) see(this.number);
  }

  submit() {
    if (this.sendButton.disabled) return;
    const words = this.box.value;
    const pictures = this.tray.take();
    this.box.value = "";
    this.refresh();
    this.send(words, pictures, () => {
      this.box.value = words;
      this.tray.set(pictures);
    });
    this.box.focus();
  }

  send(words, pictures = [], onFailure) {
    return this.try(async () => send(this.number, this.line, words.trim() ? words : "", await encoded(pictures)), onFailure);
  }

  complain(words) {
    this.error.textContent = words;
    this.error.hidden = false;
  }

  async try(action, onFailure) {
    this.error.hidden = true;
    try {
      await action();
    } catch (problem) {
      this.complain(problem.message);
      this.power.value = this.handset.state;
      onFailure?.();
    }
  }
}
