/** Errors of a request: a problem that the API returned (RFC 9457), or no connection. */
import type { Message, OptInCheck } from "./types";

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string | null;
  /** `/problems/validation` */
  errors?: { pointer: string; detail: string }[];
  /** `/problems/permission-required` */
  permission?: string;
  /** `/problems/not-allowed-to-text` */
  check?: OptInCheck;
  /** `/problems/rate-limited` for a day's texts: when the count starts again. */
  resets_at?: string;
  /** `/problems/new-messages` */
  missed?: Message[];
}

export const PROBLEM = {
  permissionRequired: "/problems/permission-required",
  notAllowedToText: "/problems/not-allowed-to-text",
  newMessages: "/problems/new-messages",
  idempotencyConflict: "/problems/idempotency-conflict",
  validation: "/problems/validation",
  rateLimited: "/problems/rate-limited",
  unavailable: "/problems/unavailable",
  noCredits: "/problems/no-credits",
  searchTooBroad: "/problems/search-too-broad",
} as const;

export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    /** Seconds, from `Retry-After`. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  get type(): string {
    return this.problem.type;
  }
}

/** No answer: offline, the server down, the connection cut. The request may or may not have been carried out. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

export function isProblem(error: unknown, type?: string): error is ProblemError {
  return error instanceof ProblemError && (type === undefined || error.type === type);
}

export function hasStatus(error: unknown, status: number): error is ProblemError {
  return error instanceof ProblemError && error.status === status;
}

/** The page's address names nothing here: a record that is gone, or what no id looks like. For reads of one record. */
export function isMissing(error: unknown): boolean {
  return hasStatus(error, 404) || isProblem(error, PROBLEM.validation);
}

/** One sentence for a person about any thrown error. */
export function describeError(error: unknown): string {
  if (error instanceof ConnectionError) return "The server can't be reached. Check the connection and try again.";
  if (error instanceof ProblemError) {
    if (error.status >= 500) return "The server had a problem with this. Try again in a moment.";
    return error.problem.detail ?? error.problem.title;
  }
  return "Something unexpected went wrong. Try again.";
}
