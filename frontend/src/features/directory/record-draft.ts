/** The unsaved state of a record's editor, and its request body. */
import type { Family, PhoneRecord } from "@/api/types";

export interface NumberDraft {
  /** Names the row; not sent. */
  key: string;
  id: string | null;
  text: string;
  label: string;
  /** The number on the record now: as stored, and as shown. Null for a new number. */
  before: { number: string; text: string } | null;
}

export interface ContactDraft {
  key: string;
  id: string | null;
  name: string;
  relation: string;
  numbers: NumberDraft[];
}

type FormatPhone = (number: string) => string;

export const newNumber = (): NumberDraft => ({ key: crypto.randomUUID(), id: null, text: "", label: "", before: null });
export const newContact = (): ContactDraft => ({ key: crypto.randomUUID(), id: null, name: "", relation: "", numbers: [newNumber()] });

export function draftNumber({ id, phone_number, label }: PhoneRecord, format: FormatPhone): NumberDraft {
  const text = format(phone_number);
  return { key: id, id, text, label: label ?? "", before: { number: phone_number, text } };
}

export function draftContacts(family: Family, format: FormatPhone): ContactDraft[] {
  return family.contacts.map(({ id, name, relation, phone_records }) => ({
    key: id,
    id,
    name,
    relation: relation ?? "",
    numbers: phone_records.map((record) => draftNumber(record, format)),
  }));
}

const digits = (text: string) => text.replace(/\D/g, "");

/** Whether saving gives this record another number, which starts without an opt-in (OPTIN-MOVE). */
export function isMoved({ before, text }: NumberDraft): boolean {
  return before !== null && digits(text) !== digits(before.text) && digits(text) !== digits(before.number);
}

/** The numbers whose refusal stays when these are saved: opted out, and no longer on their record (OPTIN-REMOVED). */
export function leftRefused(stored: PhoneRecord[], numbers: NumberDraft[]): PhoneRecord[] {
  const kept = new Set(keptNumbers(numbers).filter((draft) => !isMoved(draft)).map(({ id }) => id));
  return stored.filter((record) => record.opt_in.state === "opted_out" && !kept.has(record.id));
}

/** Leaves out empty rows. An unchanged number is sent exactly as it was stored. */
export function sentNumbers(numbers: NumberDraft[]) {
  return keptNumbers(numbers).map((draft) => ({
    ...(draft.id && { id: draft.id }),
    phone_number: draft.before && !isMoved(draft) ? draft.before.number : draft.text.trim(),
    label: draft.label.trim() || null,
  }));
}

export function keptNumbers(numbers: NumberDraft[]): NumberDraft[] {
  return numbers.filter(({ text }) => text.trim() !== "");
}

export function sentContacts(contacts: ContactDraft[]) {
  return contacts.map(({ id, name, relation, numbers }) => ({
    ...(id && { id }),
    name: name.trim(),
    relation: relation.trim() || null,
    phone_records: sentNumbers(numbers),
  }));
}
