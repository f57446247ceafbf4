/**
 * A mass text as somebody writes it. What is typed is kept in this browser at once, and stored a moment later: then it is
 * counted anew. Another tab's changes come in, except where somebody types here.
 */
import { useEffect, useEffectEvent, useState } from "react";

import { changesOf, editedFields, editsLeft, lacks, newBroadcast, patchOf, type Edits, type MassTextFields } from "./draft-fields";
import { filesKey, useMassTextFiles, type MassTextFiles } from "./useMassTextFiles";
import { useChangeBroadcast, useCreateBroadcast, useShowBroadcast, type AudienceDescription, type BroadcastDetail } from "@/api/broadcasts";
import { isProblem, PROBLEM } from "@/api/problem";
import { ownerKey, useMe } from "@/api/session";
import { readStored, removeStored, writeStored } from "@/lib/storage";
import { useSubmission } from "@/lib/submission";
import { draftFiles, moveDraftFiles } from "@/ui/composer/attachments/draft-files";

type Bases = Partial<BroadcastDetail>;

/** A click is stored soon. Each stored change is in the audit log, so words are gathered. */
const CLICKED_MS = 300;
const TYPED_MS = 2_000;
const TYPED: readonly (keyof MassTextFields)[] = ["name", "body", "header", "footer", "fallbacks"];

export interface MassTextDraft {
  fields: MassTextFields;
  files: MassTextFiles;
  change: (edits: Edits) => void;
  /** Something is not stored yet. */
  isDirty: boolean;
  isSaving: boolean;
  /** Why the last change could not be stored. */
  error: unknown;
  errorOf: (pointer: string) => string | null;
  lacking: "text" | "audience" | null;
  /** Tries again to store what could not be stored. */
  retry: () => void;
  /** Somebody else has changed the same part: shows theirs, and drops what was written here. */
  load: (current: BroadcastDetail) => void;
  /** Stores what was written here over theirs. */
  overwrite: (current: BroadcastDetail) => void;
}

function read(key: string): Edits {
  try {
    return JSON.parse(readStored(key) ?? "{}") as Edits;
  } catch {
    return {};
  }
}

/** The values of the fields that have an edit. */
function valuesOf(stored: Bases, edits: Edits): Bases {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => name in edits));
}

interface Options {
  stored: BroadcastDetail | undefined;
  carried: AudienceDescription | null;
  onCreated: (id: string) => void;
  /** Somebody waits for it to be stored. */
  isUrgent: boolean;
}

export function useMassTextDraft({ stored, carried, onCreated, isUrgent }: Options): MassTextDraft {
  const owner = ownerKey(useMe());
  const keyOf = (id: string | undefined) => `messenger:${owner}:mass-text:${id ?? "new"}`;
  const [edits, setEdits] = useState<Edits>(() => ({ ...read(keyOf(stored?.id)), ...(carried && { audience: carried }) }));
  /** Of the fields with an edit: what was stored when it began. Whoever edits a field does not see what others make of it. */
  const [bases, setBases] = useState<Bases>(() => (stored ? valuesOf(stored, edits) : {}));
  const [failed, setFailed] = useState<string | null>(null);
  const show = useShowBroadcast();
  const create = useCreateBroadcast();
  const save = useChangeBroadcast();
  const submission = useSubmission();

  const removed = edits.removed_files ?? [];
  const files = useMassTextFiles({ owner, stored, removed, onRemove: (id) => change({ removed_files: [...removed, id] }) });
  const fields = editedFields(stored, edits, files.uploaded);
  const changes = stored ? changesOf(stored, fields) : { ...edits, ...(files.uploaded.length > 0 && { attachments: files.uploaded }) };
  const signature = JSON.stringify(changes);
  const isDirty = Object.keys(changes).length > 0;
  const lacking = lacks(fields);
  const isSaving = create.isPending || save.isPending;
  // Once everything is stored, or taken back, nothing is wrong any more.
  const error = isDirty ? (create.error ?? save.error) : null;
  const keep = (id: string | undefined, kept: Edits) =>
    Object.keys(kept).length > 0 ? writeStored(keyOf(id), JSON.stringify(kept)) : removeStored(keyOf(id));

  const change = (changed: Edits) => {
    const next = { ...edits, ...changed };
    setEdits(next);
    if (stored) setBases({ ...valuesOf(stored, changed), ...valuesOf(bases, edits) });
    setFailed(null);
    keep(stored?.id, next);
  };

  const store = useEffectEvent(async () => {
    try {
      const body = newBroadcast(fields);
      const saved = stored
        ? await save.mutateAsync({ shown: { ...stored, ...bases }, body: patchOf(changes) })
        : await create.mutateAsync({ body, key: submission.keyFor(body) });
      if (!stored) moveDraftFiles(owner, filesKey(undefined), filesKey(saved.id));
      draftFiles(owner, filesKey(saved.id)).forget(saved.attachments.map(({ id }) => id));
      setEdits((now) => {
        const left = editsLeft(now, stored ? changes : fields, saved);
        keep(saved.id, left);
        return left;
      });
      setBases((now) => ({ ...now, ...valuesOf(saved, edits) }));
      if (stored) return;
      removeStored(keyOf(undefined));
      onCreated(saved.id);
    } catch {
      // It is shown from the mutation, and tried again when something changes.
      setFailed(signature);
    }
  });

  const isTyping = TYPED.some((name) => name in changes);
  const waits = isDirty && !isSaving && !lacking && failed !== signature;
  useEffect(() => {
    if (!waits) return;
    const timer = setTimeout(() => void store(), isUrgent ? 0 : isTyping ? TYPED_MS : CLICKED_MS);
    return () => clearTimeout(timer);
  }, [signature, waits, isTyping, isUrgent]);
  // Who leaves the page finds it stored.
  const leave = useEffectEvent(() => {
    if (waits && stored) save.mutate({ shown: { ...stored, ...bases }, body: patchOf(changes) }, { onSuccess: () => removeStored(keyOf(stored.id)) });
  });
  useEffect(() => () => leave(), []);

  const load = (current: BroadcastDetail) => {
    show(current);
    save.reset();
    setEdits({});
    setBases({});
    setFailed(null);
    removeStored(keyOf(current.id));
  };
  const overwrite = (current: BroadcastDetail) => {
    show(current);
    save.reset();
    setBases(valuesOf(current, edits));
    setFailed(null);
  };

  const problems = isProblem(error, PROBLEM.validation) ? (error.problem.errors ?? []) : [];
  return {
    fields, files, change, isDirty, isSaving, error, lacking, retry: () => setFailed(null), load, overwrite,
    errorOf: (pointer) => problems.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail ?? null,
  };
}
