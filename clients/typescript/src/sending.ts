import { problemError } from "./errors.js";
import { isRepeatable, isRetried, retryAfter, waitBefore, type Retries } from "./retrying.js";

/**
 * A `fetch` that repeats what may be repeated, each try within `timeout` milliseconds. It rejects with `ProblemError` for an
 * answer of status 400 or higher, and with what `fetch` rejects with if there was none.
 */
export function sending(retries: Retries, timeout: number, fetch: typeof globalThis.fetch) {
  return async (request: Request): Promise<Response> => {
    const repeatable = isRepeatable(request.method, request.headers, request.url);
    for (let repetition = 1; ; repetition++) {
      let wait: number | null;
      try {
        const response = await attempt(request.clone(), timeout, fetch);
        if (response.ok) return response;
        const told = retryAfter(response.headers);
        const retried = repeatable && isRetried(response.status, response.headers);
        wait = retried ? waitBefore(repetition, told, retries) : null;
        if (wait === null) return await refuse(response);
        await response.body?.cancel();
      } catch (error) {
        if (!isTransport(error) || request.signal.aborted) throw error;
        wait = repeatable ? waitBefore(repetition, null, retries) : null;
        if (wait === null) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
}

async function attempt(request: Request, timeout: number, fetch: typeof globalThis.fetch): Promise<Response> {
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]) });
}

async function refuse(response: Response): Promise<never> {
  throw await problemError(response);
}

/** `fetch` rejects with a TypeError if the connection fails, and with a TimeoutError of ours. */
function isTransport(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError");
}
