/** Texts that an earlier version of the app kept: one array under one key of local storage. */
import { legacyKeyOf, type OutboxItem } from "./outbox-items";
import type { OutboxStore } from "./outbox-store";
import type { Problem } from "./problem";
import { readStored, writeStored } from "@/lib/storage";

interface LegacyText {
  key: string;
  conversationId: string;
  body: string;
  seenSeq: number | null;
  close: boolean;
  createdAt: string;
  state: string;
  problem: Problem | null;
}

/** Moves them over under their keys, so that one that the server has accepted already is not sent again. */
export async function importLegacyTexts(owner: string, store: OutboxStore): Promise<void> {
  const legacyKey = legacyKeyOf(owner);
  const texts = parse(readStored(legacyKey));
  if (texts.length === 0) {
    writeStored(legacyKey, null);
    return;
  }
  const known = new Set((await store.load()).map((item) => item.key));
  const items = texts.filter((text) => !known.has(text.key)).map((text, index) => asItem(text, owner, index));
  await Promise.all(items.map((item) => store.add(item)));
  if (items.every((item) => store.isStored(item.key))) writeStored(legacyKey, null);
}

function asItem({ key, conversationId, body, seenSeq, close, createdAt, state, problem }: LegacyText, owner: string, index: number): OutboxItem {
  return {
    key,
    owner,
    conversationId,
    order: Date.parse(createdAt) + index,
    createdAt,
    act: { kind: "text", text: { body, seenSeq, close } },
    attempts: 1,
    waits: null,
    refusal: state === "refused" && problem ? { reason: "problem", problem } : null,
    goesFirst: false,
    revision: 0,
  };
}

function parse(stored: string | null): LegacyText[] {
  if (stored === null) return [];
  try {
    const texts: unknown = JSON.parse(stored);
    return Array.isArray(texts) ? texts.filter(isLegacyText) : [];
  } catch {
    return [];
  }
}

function isLegacyText(value: unknown): value is LegacyText {
  const text = value as Partial<LegacyText> | null;
  return (
    typeof text?.key === "string" && typeof text.conversationId === "string" && typeof text.body === "string" && !Number.isNaN(Date.parse(text.createdAt ?? ""))
  );
}
