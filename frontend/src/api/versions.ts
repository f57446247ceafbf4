/**
 * Changes of records that several people edit: a change is made only if the record still is what its author was shown.
 *
 * The record is read once more, and compared with what was shown; the change then names the version that was read, so nothing
 * comes in between.
 */
import { replaceEqualDeep } from "@tanstack/react-query";

import { unwrap } from "./client";
import { hasStatus } from "./problem";

/** Somebody has changed the record since its author was shown it. Nothing was stored. */
export class ChangedMeanwhileError extends Error {
  override readonly name = "ChangedMeanwhileError";

  constructor(
    /** The record as it is now. */
    readonly current: object,
  ) {
    super("Somebody has changed this meanwhile.");
  }
}

/** The `If-Match` of a change. */
export interface IfMatch {
  "If-Match": string;
}

interface Change<Shown extends object, Saved> {
  /** What its author was shown. */
  shown: Shown;
  read: () => Parameters<typeof unwrap<Shown>>[0];
  save: (header: IfMatch) => Promise<Saved>;
  /** What of the record its author was shown: the rest may change. By default all of it. */
  part?: (record: Shown) => unknown;
}

const TRIES = 3;

/** Throws `ChangedMeanwhileError` if the record is not as shown, and what `save` throws. */
export async function changeAsShown<Shown extends object, Saved>({ shown, read, save, part = (record) => record }: Change<Shown, Saved>): Promise<Saved> {
  for (let attempt = 1; ; attempt += 1) {
    const reading = read();
    const current = await unwrap(reading);
    const version = (await reading).response.headers.get("ETag");
    if (!isSame(part(shown), part(current))) throw new ChangedMeanwhileError(current);
    if (version === null) throw new Error("The answer has no ETag.");
    try {
      return await save({ "If-Match": version });
    } catch (error) {
      if (!hasStatus(error, 412)) throw error;
      // It has changed between the two requests: perhaps in a part that was not shown.
      if (attempt === TRIES) throw new ChangedMeanwhileError(current);
    }
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return replaceEqualDeep(one, other) === one;
}
