import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** The bodies of the problems that the document has, each with its `type`. */
type Known = {
  [Name in keyof Schemas]: Schemas[Name] extends { type: `/problems/${infer _}` } ? Schemas[Name] : never;
}[keyof Schemas];
type OfType<Type extends Known["type"]> = Extract<Known, { type: Type }>;

/** A refusal as the service writes it (RFC 9457). */
export type Problem = Schemas["Problem"];

/**
 * The service refused the request. Decide by `type`: `error.is("/problems/not-allowed-to-text")` gives `error.problem` its fields.
 */
export class ProblemError<Body extends { type: string } = Problem> extends Error {
  override readonly name = "ProblemError";

  constructor(
    /** Every field of the answer. */
    readonly problem: Body,
    readonly status: number,
    /** `X-Request-ID`, which the service's log has too. */
    readonly requestId: string | null,
  ) {
    const { type, detail, title } = problem as Partial<Problem>;
    super(`${status} ${type}: ${detail ?? title ?? ""} (request ${requestId})`);
  }

  get type(): Body["type"] {
    return this.problem.type;
  }

  get detail(): string | null {
    return (this.problem as Partial<Problem>).detail ?? null;
  }

  /** Each value that is not valid; empty for other problems. */
  get errors(): Schemas["FieldError"][] {
    const errors: unknown = (this.problem as { errors?: unknown }).errors;
    return Array.isArray(errors) ? errors.filter(isFieldError) : [];
  }

  is<Type extends Known["type"]>(type: Type): this is ProblemError<OfType<Type>> {
    return this.problem.type === type;
  }
}

/** The record still has the tag that `If-None-Match` gave. */
export class NotModified extends Error {
  override readonly name = "NotModified";
}

/** An answer that is not the service's: it has moved, or a page came instead of JSON. */
export class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

/** Proxies write problems too, and their `errors` may be anything. */
function isFieldError(each: unknown): each is Schemas["FieldError"] {
  return typeof each === "object" && each !== null && "pointer" in each && "detail" in each;
}

/** Of an answer of status 400 or higher. A proxy's page becomes a problem without a type. */
export async function problemError(response: Response): Promise<ProblemError> {
  const requestId = response.headers.get("X-Request-ID");
  const body = read(await response.text());
  const given = typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Partial<Problem>) : {};
  const problem: Problem = {
    ...given,
    type: given.type ?? "about:blank",
    title: given.title ?? `Status ${response.status}`,
    status: given.status ?? response.status,
    detail: given.detail ?? null,
    instance: given.instance ?? null,
    request_id: given.request_id ?? requestId,
  };
  return new ProblemError(problem, response.status, requestId);
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
