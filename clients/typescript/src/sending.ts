import { NotModified, problemError, UnexpectedAnswer } from "./errors.js";
import { isRepeatable, isRetried, retryAfter, waitBefore, type Retries } from "./retrying.js";

/**
 * A `fetch` that repeats what may be repeated, each try within `timeout` milliseconds. It rejects with `ProblemError` for an
 * answer of status 400 or higher, with `NotModified` for a 304, with `UnexpectedAnswer` for what the service does not answer, and
 * with what `fetch` rejects with if there was no answer.
 */
export function sending(retries: Retries, timeout: number, fetch: typeof globalThis.fetch) {
  return async (request: Request): Promise<Response> => {
    const repeatable = isRepeatable(request.method, request.headers);
    const began = Date.now();
    for (let repetition = 1; ; repetition++) {
      let wait: number | null;
      try {
        const response = await attempt(request.clone(), timeout, fetch);
        if (response.status < 400) return good(response, request.url);
        const told = retryAfter(response.headers);
        const retried = repeatable && isRetried(response.status, response.headers);
        wait = retried ? waitBefore(repetition, told, retries, Date.now() - began) : null;
        if (wait === null) throw await problemError(response);
      } catch (error) {
        if (!isTransport(error) || request.signal.aborted) throw error;
        wait = repeatable ? waitBefore(repetition, null, retries, Date.now() - began) : null;
        if (wait === null) throw error;
      }
      await pause(wait, request.signal);
    }
  };
}

const HAS_NO_BODY = new Set([204, 205, 304]);

/** An answer of JSON or an error is read within `timeout`. A file begins within it. */
async function attempt(request: Request, timeout: number, fetch: typeof globalThis.fetch): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("The try took too long.", "TimeoutError")), timeout);
  try {
    // Followed, a redirection would make a GET of a POST.
    const signal = AbortSignal.any([request.signal, late.signal]);
    const response = await fetch(request, { signal, redirect: "manual" });
    const { status, headers } = response;
    if (status < 400 && (HAS_NO_BODY.has(status) || !isJson(headers))) return response;
    return new Response(await response.arrayBuffer(), { status, headers });
  } finally {
    clearTimeout(timer);
  }
}

function good(response: Response, url: string): Response {
  if (response.status === 304) throw new NotModified("The record has the ETag of If-None-Match.");
  if (response.status >= 300 || response.type === "opaqueredirect")
    throw new UnexpectedAnswer(`${url} has moved to ${response.headers.get("Location")}: change the address.`);
  return response;
}

function isJson(headers: Headers): boolean {
  return /^application\/([\w.-]+\+)?json\b/.test(headers.get("Content-Type") ?? "");
}

/** Rejects as `fetch` does if the caller has aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
  signal.throwIfAborted();
}

/** `fetch` rejects with a TypeError if the connection fails, and with a TimeoutError of ours. */
function isTransport(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError");
}
