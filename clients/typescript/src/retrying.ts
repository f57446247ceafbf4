/**
 * At most `most` repetitions of a call, none of which begins more than `within` milliseconds after the call. Each wait is at most
 * `longestWait` milliseconds. A longer `Retry-After` ends the call with the service's problem.
 */
export interface Retries {
  most: number;
  firstWait: number;
  longestWait: number;
  within: number;
}

export const RETRIES: Retries = { most: 4, firstWait: 500, longestWait: 60_000, within: 120_000 };

const SAFE_TO_REPEAT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
/** 502 and 504 are those of a proxy whose service starts anew. */
const RETRIED = new Set([429, 502, 503, 504]);

/** Whether sending it twice does the same as once. */
export function isRepeatable(method: string, headers: Headers): boolean {
  return SAFE_TO_REPEAT.has(method) || (method === "POST" && headers.has("Idempotency-Key"));
}

/** Also a 409 that says when to come back: the first request with this `Idempotency-Key` still runs. */
export function isRetried(status: number, headers: Headers): boolean {
  return RETRIED.has(status) || (status === 409 && headers.has("Retry-After"));
}

/** Milliseconds, of a header that holds seconds or a date. Null without one that can be read. */
export function retryAfter(headers: Headers, now: number = Date.now()): number | null {
  const value = headers.get("Retry-After")?.trim() ?? "";
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // `Date.parse` makes years of numbers.
  const at = /[a-z]/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Milliseconds before the repetition, counted from 1. Null: do not repeat. `elapsed`: milliseconds since the call. */
export function waitBefore(repetition: number, told: number | null, retries: Retries, elapsed = 0): number | null {
  if (repetition > retries.most || (told !== null && told > retries.longestWait)) return null;
  const backoff = Math.min(retries.firstWait * 2 ** (repetition - 1), retries.longestWait);
  // Clients that were refused together come back apart.
  const jitter = backoff * (0.5 + Math.random() / 2);
  const wait = told === null ? jitter : Math.min(told + jitter / 4, retries.longestWait);
  return elapsed + wait <= retries.within ? wait : null;
}
