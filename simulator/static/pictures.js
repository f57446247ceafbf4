/** Pictures: chosen or pasted to go with a text, and shown where one came with a text. */

import { h, icon } from "./dom.js";

const TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const MOST = 10;
const LARGEST = 5 * 1024 * 1024;
const MEGABYTES = LARGEST / 1024 / 1024;

/** What is about to be sent: a button that chooses, and a strip of what was chosen. */
export class Tray {
  constructor({ onChange, onProblem }) {
    this.files = [];
    this.onChange = onChange;
    this.onProblem = onProblem;
    this.input = h("input", {
      type: "file",
      accept: TYPES.join(),
      multiple: true,
      hidden: true,
      "aria-label": "Pictures to send",
      onchange: () => {
        this.add([...this.input.files]);
        this.input.value = "";
      },
    });
    this.button = h(
      "button",
      { type: "button", class: "icon attach", "aria-label": "Add a picture", onclick: () => this.input.click() },
      icon("M3.5 5.5h13v9h-13zM3.5 12.5l3.6-3.4 3 2.7 2.4-2 4 3.6M12.8 8.2h.01"),
    );
    this.strip = h("ul", { class: "tray", "aria-label": "Pictures to send", hidden: true });
  }

  set disabled(value) {
    this.button.disabled = value;
  }

  add(files) {
    const wrong = files.find((file) => !TYPES.includes(file.type));
    const large = files.find((file) => file.size > LARGEST);
    if (wrong) return this.onProblem(`${wrong.name} is not a JPEG, PNG, GIF or WebP picture.`);
    if (large) return this.onProblem(`${large.name} is larger than ${MEGABYTES} MB.`);
    if (this.files.length + files.length > MOST) return this.onProblem(`A text takes at most ${MOST} pictures.`);
    this.set([...this.files, ...files]);
  }

  /** Empty the tray. Returns what was in it. */
  take() {
    const { files } = this;
    this.set([]);
    return files;
  }

  set(files) {
    this.files = files;
    for (const shown of this.strip.querySelectorAll("img")) URL.revokeObjectURL(shown.src);
    this.strip.replaceChildren(...files.map((file) => this.item(file)));
    this.strip.hidden = !files.length;
    this.onChange();
  }

  item(file) {
    const remove = () => {
      this.set(this.files.filter((other) => other !== file));
      this.button.focus();
    };
    return h(
      "li",
      {},
      h("img", { src: URL.createObjectURL(file), alt: file.name }),
      h("button", { type: "button", class: "icon", "aria-label": `Leave out ${file.name}`, onclick: remove }, icon("M6 6l8 8M14 6l-8 8")),
    );
  }
}

/** Files as the carrier takes them. */
export const encoded = (files) =>
  Promise.all(
    files.map(
      (file) =>
        new Promise((resolve, reject) => {
          const reader = new FileReader();
          reader.onload = () => resolve({ content_type: file.type, data: reader.result.split(",")[1] });
          reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
          reader.readAsDataURL(file);
        }),
    ),
  );

/** What came with a text: shown if the carrier holds it and it is a picture, else only named. */
export function attachment({ url, shown, content_type: type }, { onload }) {
  if (shown && TYPES.includes(type)) {
    const image = h("img", { src: shown, alt: "Picture", onload });
    return h("a", { class: "picture", href: shown, target: "_blank", rel: "noopener" }, image);
  }
  const address = shown ?? (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null);
  if (!address) return null;
  return h("a", { class: "picture", href: address, target: "_blank", rel: "noopener noreferrer" }, `Attachment (${type})`);
}
