import type { components } from "./schema.js";

type Schemas = components["schemas"];

/** The bodies of problems that have fields of their own, by their `type`. */
interface Bodies {
  "/problems/validation": Schemas["ValidationProblem"];
  "/problems/not-allowed-to-text": Schemas["NotAllowedToTextProblem"];
  "/problems/new-messages": Schemas["NewMessagesProblem"];
  "/problems/permission-required": Schemas["Problem"] & { permission: string };
}

type Typed = { [Type in keyof Bodies]: Bodies[Type] & { type: Type } };

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
    return (this.problem as { errors?: Schemas["FieldError"][] }).errors ?? [];
  }

  is<Type extends keyof Typed>(type: Type): this is ProblemError<Typed[Type]> {
    return this.problem.type === type;
  }
}

/** Of an answer of status 400 or higher. A proxy's page becomes a problem without a type. */
export async function problemError(response: Response): Promise<ProblemError> {
  const requestId = response.headers.get("X-Request-ID");
  let body: unknown;
  try {
    body = await response.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const isProblem = typeof body === "object" && body !== null && "type" in body;
  const problem = isProblem
    ? (body as Problem)
    : {
        type: "about:blank",
        title: `Status ${response.status}`,
        status: response.status,
        detail: null,
        instance: null,
        request_id: requestId,
      };
  return new ProblemError(problem, response.status, requestId);
}
