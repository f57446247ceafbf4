/** The one client. Only the files of this folder use it. */
import createClient from "openapi-fetch";

import { ConnectionError, ProblemError, type Problem } from "./problem";
import type { paths } from "./schema";

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  // Looked up for each call, so that tests can replace it.
  fetch: (request) => globalThis.fetch(request),
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a 2xx answer; throws `ProblemError` for any other, and `ConnectionError` without one. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ConnectionError("No answer from the server", { cause: error });
  }
  const { data, error, response } = answer;
  if (!response.ok) throw new ProblemError(readProblem(error, response), readRetryAfter(response));
  return data as Data;
}

function readProblem(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "type" in error && "title" in error) {
    return { detail: null, ...error, status: response.status } as Problem;
  }
  // A proxy answered instead of the API.
  return { type: "about:blank", title: `Error ${response.status}`, status: response.status, detail: null };
}

function readRetryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
