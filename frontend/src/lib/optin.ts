/**
 * The opt-in check in one sentence of the desk's language. It names the record that blocks, since when and how it came
 * about, so that nobody has to guess whom to ask (OPTIN-EXPLAIN).
 */
import { isErased } from "./erased";
import { plural } from "./text";

interface Instance {
  kind: "family" | "staff_member" | null;
  owner_name: string;
  contact_name: string | null;
  state: "opted_in" | "opted_out" | "unknown";
  changed_at: string | null;
  changed_by: { name: string } | string | null;
  source: string | null;
  archived: boolean;
  blocks: boolean;
  phone_number: string | null;
  /** What became of the record of a refusal that outlived it; null for a record that is there. */
  removed: "removed" | "renumbered" | "reset" | null;
  removed_at: string | null;
  removed_by: { name: string } | string | null;
}

interface Check {
  phone_number: string;
  allowed: boolean;
  reason: string;
  note: string | null;
  stopped_at: string | null;
  stopped_as: string | null;
  instances: readonly Instance[];
}

export interface Explanation {
  /** The answer to "Can we text?" */
  answer: "Yes." | "No.";
  sentence: string;
}

export function explainOptIn(check: Check, formatDate: (at: string) => string): Explanation {
  if (check.allowed) return { answer: "Yes.", sentence: allowedSentence(check) };
  return { answer: "No.", sentence: blockedSentence(check, formatDate) };
}

function allowedSentence({ note, instances }: Check): string {
  if (note === "consumer_initiated") {
    return "They texted you first, so you can answer; no family or staff record has this number.";
  }
  const counted = instances.filter((instance) => !instance.archived);
  const [only] = counted;
  if (counted.length === 1 && only) return `${ownerName(only)} is opted in.`;
  if (counted.length === 2) return "Both records with this number are opted in.";
  return `All ${counted.length} records with this number are opted in.`;
}

function blockedSentence(check: Check, formatDate: (at: string) => string): string {
  const blocking = check.instances.filter((instance) => instance.blocks);
  switch (check.reason) {
    case "not_a_phone_number":
      return notAPhoneNumber(check.phone_number);
    case "stopped": {
      const when = (check.stopped_as ? ` as ${check.stopped_as}` : "") + (check.stopped_at ? ` on ${formatDate(check.stopped_at)}` : "");
      return `The person with this number texted STOP${when}, so it can't be texted until they text START.`;
    }
    case "opted_out": {
      const out = blocking.filter((instance) => instance.state === "opted_out");
      const first = out.find((instance) => !instance.removed) ?? out[0];
      if (!first) return "A record with this number is opted out, so it can't be texted.";
      if (first.removed) return `This number was on ${first.kind === "family" ? "the " : ""}${ownerName(first)}, ${describeRemoval(first, formatDate)}, and had opted out, so it can't be texted.`;
      return `${ownerName(first)} opted out${whenAndHow(first, formatDate)}${andOthers(blocking.length - 1)}, so this number can't be texted.`;
    }
    case "not_opted_in": {
      const [first] = blocking;
      if (!first) return "A record with this number has not been asked yet, so it can't be texted.";
      const others = blocking.length - 1;
      return others === 0
        ? `${ownerName(first)} has never been asked whether we may text, so this number can't be texted.`
        : `${ownerName(first)} and ${plural(others, "other record")} have never been asked whether we may text, so this number can't be texted.`;
    }
    case "no_record":
      return "No family or staff record has this number and it has never texted you, so it can't be texted.";
    case "country_not_allowed":
      return `This line may not text numbers in ${countryName(check.note)}. An administrator can allow it in the line's settings.`;
    case "line_blocked":
      if (check.note === "sandbox_line") return "A sandbox line texts only its test numbers, so this number can't be texted from it.";
      if (check.note === "test_number") return "This is a test number: only a sandbox line texts it.";
      return "The line of this conversation can't send to this number, so it can't be texted from here.";
    default:
      return "This number can't be texted.";
  }
}

/** RECV-SENDER: a short code, a name, an e-mail address; or a number in a spelling that its country has dropped. */
function notAPhoneNumber(sender: string): string {
  if (/^\+\d+$/.test(sender)) return `${sender} is not how this number is dialled today, so it can't be texted from here.`;
  if (isErased(sender)) return "This number was erased, so it can't be texted. A new text from it starts a new conversation.";
  const kind = /^\d{3,7}$/.test(sender) ? "a short code, not a phone number" : "not a phone number";
  return `“${sender}” is ${kind}, so it can't be texted from here.`;
}

function countryName(code: string | null): string {
  return code && /^[A-Z]{2}$/.test(code) ? (new Intl.DisplayNames("en", { type: "region" }).of(code) ?? code) : "that country";
}

function ownerName({ owner_name, kind, archived, phone_number }: Instance): string {
  const marks = [phone_number ? `with ${phone_number}` : "", kind === "staff_member" ? "staff" : "", archived ? "archived" : ""].filter(Boolean);
  return marks.length > 0 ? `${owner_name} (${marks.join(", ")})` : owner_name;
}

/** "removed by Ada on 3 May" (OPTIN-REMOVED). */
export function describeRemoval({ removed, removed_by, removed_at }: Pick<Instance, "removed" | "removed_by" | "removed_at">, formatDate: (at: string) => string): string {
  const by = personName(removed_by);
  return `${removed ? REMOVED[removed] : ""}${by ? ` by ${by}` : ""}${removed_at ? ` on ${formatDate(removed_at)}` : ""}`;
}

const REMOVED = { removed: "removed", renumbered: "given another number", reset: "set to not asked" } as const;

function andOthers(count: number): string {
  return count > 0 ? ` and ${plural(count, "other record")} ${count === 1 ? "blocks" : "block"} it too` : "";
}

function whenAndHow(instance: Instance, formatDate: (at: string) => string): string {
  const when = instance.changed_at ? ` on ${formatDate(instance.changed_at)}` : "";
  const how = describeSource(instance.source, personName(instance.changed_by));
  if (how === "") return when;
  return instance.source === "staff" || instance.source === "verbal" ? `${when} (${how})` : `${when} ${how}`;
}

export function personName(person: { name: string } | string | null): string | null {
  return typeof person === "string" ? person : (person?.name ?? null);
}

/** How a state came about: "in the portal", "verbally, noted by Ada". Empty when it is not known. */
export function describeSource(source: string | null, by: string | null): string {
  switch (source) {
    case "portal":
      return "in the portal";
    case "staff":
      return by ? `set by ${by}` : "set by staff";
    case "verbal":
      return by ? `verbally, noted by ${by}` : "verbally";
    case "import":
      return "in an import";
    case "keyword":
      return "by text";
    case "provider":
      return "as reported by the carrier";
    default:
      return "";
  }
}

export const OPT_IN_LABEL = { opted_in: "Opted in", opted_out: "Opted out", unknown: "Not asked" } as const;
