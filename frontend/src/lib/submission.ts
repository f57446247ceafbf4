/** One Idempotency-Key for one form's content: pressing Save again after a lost answer creates nothing twice. */
import { useState } from "react";

export class Submission {
  private content: string | null = null;
  private key = "";

  /** The same key while the content is the same. */
  keyFor(body: unknown): string {
    const content = JSON.stringify(body);
    if (content !== this.content) {
      this.content = content;
      this.key = crypto.randomUUID();
    }
    return this.key;
  }
}

export function useSubmission(): Submission {
  return useState(() => new Submission())[0];
}
