/**
 * Reads contact cards (RFC 6350, and the older 2.1 and 3.0 that phones send). A stranger wrote them: what is read is
 * bounded, is only ever shown as text, and never leads anywhere by itself.
 */
export interface Contact {
  name: string;
  organization: string;
  numbers: { label: string; number: string }[];
  emails: string[];
}

const MOST_CONTACTS = 10;
const MOST_VALUES = 20;
const MOST_LINES = 2_000;
const LONGEST_VALUE = 200;
/** A picture of the contact is in lines of its own, which are skipped. */
const LONGEST_LINE = 2_000;

const NUMBER = /^\+?[0-9 ().\-/]{3,30}$/;

export function readContacts(text: string): Contact[] {
  const contacts: Contact[] = [];
  let contact: Contact | null = null;
  for (const line of unfold(text)) {
    const field = readLine(line);
    if (!field) continue;
    const { name, parameters, value } = field;
    if (name === "BEGIN" && value.toUpperCase() === "VCARD") {
      contact = { name: "", organization: "", numbers: [], emails: [] };
    } else if (name === "END" && contact) {
      if (contact.name || contact.organization || contact.numbers.length > 0) contacts.push(contact);
      contact = null;
      if (contacts.length === MOST_CONTACTS) break;
    } else if (contact) {
      take(contact, name, parameters, value);
    }
  }
  return contacts;
}

function take(contact: Contact, name: string, parameters: string, value: string): void {
  if (name === "FN") contact.name = shown(value);
  else if (name === "N" && contact.name === "") contact.name = shown(splitValue(value).slice(0, 2).reverse().filter(Boolean).join(" "));
  else if (name === "ORG") contact.organization = shown(splitValue(value).filter(Boolean).join(", "));
  else if (name === "EMAIL" && contact.emails.length < MOST_VALUES) contact.emails.push(shown(value));
  else if (name === "TEL" && contact.numbers.length < MOST_VALUES) {
    const number = shown(value.replace(/^tel:/i, ""));
    if (NUMBER.test(number)) contact.numbers.push({ number, label: labelOf(parameters) });
  }
}

/** A long line goes on in the next one, after a space or, in 2.1, after a last "=". */
function unfold(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.replace(/\r\n?/g, "\n").split("\n", MOST_LINES)) {
    const last = lines.length - 1;
    const before = lines[last];
    if (before !== undefined && before.length < LONGEST_LINE) {
      if (/^[ \t]/.test(line)) {
        lines[last] = before + line.slice(1);
        continue;
      }
      if (before.endsWith("=") && /QUOTED-PRINTABLE/i.test(before.slice(0, 100))) {
        lines[last] = before.slice(0, -1) + line;
        continue;
      }
    }
    lines.push(line);
  }
  return lines;
}

function readLine(line: string): { name: string; parameters: string; value: string } | null {
  const colon = line.indexOf(":");
  if (colon < 1 || line.length > 4 * LONGEST_LINE) return null;
  const [property = "", ...rest] = line.slice(0, colon).split(";");
  const parameters = rest.join(";").toUpperCase();
  // "item1.TEL" groups a number with its label.
  const name = property.slice(property.lastIndexOf(".") + 1).toUpperCase();
  const raw = line.slice(colon + 1).trim();
  return { name, parameters, value: parameters.includes("QUOTED-PRINTABLE") ? fromQuotedPrintable(raw) : unescape(raw) };
}

function splitValue(value: string): string[] {
  return value.split(";").map((part) => part.trim());
}

function unescape(value: string): string {
  return value.replace(/\\n/gi, " ").replace(/\\([,;\\])/g, "$1");
}

function fromQuotedPrintable(value: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < value.length; at++) {
    const hex = value.slice(at + 1, at + 3);
    if (value[at] === "=" && /^[0-9A-F]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(...new TextEncoder().encode(value[at]));
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** One line without characters that hide or turn what stands beside them. */
function shown(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").replace(/\s+/g, " ").trim().slice(0, LONGEST_VALUE);
}

function labelOf(parameters: string): string {
  if (parameters.includes("CELL") || parameters.includes("IPHONE") || parameters.includes("MOBILE")) return "Mobile";
  if (parameters.includes("HOME")) return "Home";
  if (parameters.includes("WORK")) return "Work";
  return "Phone";
}
