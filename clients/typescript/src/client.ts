import createClient, { type FetchResponse, type MaybeOptionalInit } from "openapi-fetch";
import type { HttpMethod, MediaType, PathsWithMethod } from "openapi-typescript-helpers";
import { UnexpectedAnswer } from "./errors.js";
import { KEYED, VERSION } from "./operations.js";
import { RETRIES, type Retries } from "./retrying.js";
import type { components, paths } from "./schema.js";
import { sending } from "./sending.js";

export interface Options {
  /** Milliseconds of each try; 30,000 unless said. */
  timeout?: number;
  retries?: Partial<Retries>;
  /** Of the program, before that of this package in `User-Agent`. */
  name?: string;
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch;
}

type Path<Method extends HttpMethod> = PathsWithMethod<paths, Method>;
type Init<Method extends HttpMethod, P extends Path<Method>> = MaybeOptionalInit<paths[P], Method>;
type Given<I> = undefined extends I ? [init?: I] : [init: I];
type Answer<Method extends HttpMethod, P extends Path<Method>, I> = NonNullable<
  FetchResponse<Extract<paths[P][Method & keyof paths[P]], Record<string | number, unknown>>, I, MediaType>["data"]
>;
type Call<Method extends HttpMethod> = <P extends Path<Method>, I extends Init<Method, P>>(
  path: P,
  ...init: Given<I> | [I]
) => Promise<Answer<Method, P, I>>;

/** openapi-fetch without its types, which are those of `Call`. */
interface Untyped {
  request(method: HttpMethod, path: string, init?: object): Promise<{ data: unknown; response: Response }>;
}

const etags = new WeakMap<object, string>();

/** The `ETag` of a record as a call has answered it, for `If-Match` and `If-None-Match`. Undefined if it has none. */
export function etag(record: object): string | undefined {
  return etags.get(record);
}

/** What every list of the API answers. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
type Item<P extends Path<"get">> = Answer<"get", P, object> extends { items: (infer Each)[] } ? Each : never;

/**
 * A client of one organization: `await client.get("/api/v1/families/{family_id}", {params: {path: {family_id}}})`.
 *
 * A call answers the body. It rejects with `ProblemError` if the service refuses it, and as `fetch` does if there was no answer.
 */
export class MessengerClient {
  readonly get: Call<"get">;
  readonly post: Call<"post">;
  readonly put: Call<"put">;
  readonly patch: Call<"patch">;
  readonly delete: Call<"delete">;

  /** `baseUrl` is the address of the service, without `/api/v1`. Throws for an address or a key that cannot be one. */
  constructor(baseUrl: string, apiKey: string, options: Options = {}) {
    if (!/^https?:\/\//.test(baseUrl) || baseUrl.includes("/api/v1"))
      throw new RangeError(`baseUrl is the address of the service, such as https://sms.example.com, not "${baseUrl}".`);
    if (!apiKey || /\s/.test(apiKey))
      throw new RangeError("The API key is empty, or holds a space or an end of line.");
    const agent = `messenger-center-client-typescript/${VERSION}`;
    const fetch = options.fetch ?? globalThis.fetch;
    const client = createClient<paths>({
      baseUrl: baseUrl.replace(/\/+$/, ""),
      headers: {
        Authorization: `Bearer ${apiKey}`,
        "User-Agent": options.name ? `${options.name} ${agent}` : agent,
        // `GET /events` answers the log, not the live stream.
        Accept: "application/json, */*;q=0.5",
      },
      fetch: sending({ ...RETRIES, ...options.retries }, options.timeout ?? 30_000, fetch),
    });
    client.use({
      onRequest({ request, schemaPath }) {
        // One key for the call, which its repetitions keep.
        if (request.method === "POST" && KEYED.has(schemaPath) && !request.headers.has("Idempotency-Key"))
          request.headers.set("Idempotency-Key", crypto.randomUUID());
        return request;
      },
    });
    const untyped = client as unknown as Untyped;
    const call = (method: HttpMethod) => async (path: string, init?: object) => {
      const { data, response } = await untyped.request(method, path, init).catch(explain);
      const tag = response.headers.get("ETag");
      if (tag !== null && typeof data === "object" && data !== null) etags.set(data, tag);
      return data;
    };
    this.get = call("get") as unknown as Call<"get">;
    this.post = call("post") as unknown as Call<"post">;
    this.put = call("put") as unknown as Call<"put">;
    this.patch = call("patch") as unknown as Call<"patch">;
    this.delete = call("delete") as unknown as Call<"delete">;
  }

  /** Adds a file, for a text to take: its id goes into `attachments`. `key`: to repeat the call after a crash. */
  async upload(file: Blob, name: string, key?: string): Promise<components["schemas"]["Upload"]> {
    const body = new FormData();
    body.append("file", file, name);
    const params = key === undefined ? {} : { header: { "Idempotency-Key": key } };
    return this.post("/api/v1/media", { params, body: body as never });
  }

  /** Every item of a list, page after page as it is asked for. `limit` is the size of a page. */
  async *iterate<P extends Path<"get">>(path: P, init?: Init<"get", P>): AsyncGenerator<Item<P>, void, undefined> {
    for await (const page of this.pages(path, init)) yield* page.items;
  }

  /**
   * Every page of a list, of at most `limit` items. Keep `next_cursor` to go on from there later, as the query's `cursor` (of events:
   * `after`).
   */
  async *pages<P extends Path<"get">>(path: P, init?: Init<"get", P>): AsyncGenerator<Page<Item<P>>, void, undefined> {
    // Of the events, `next_cursor` is the id of the last one.
    const position = path === "/api/v1/events" ? "after" : "cursor";
    let cursor: string | null = null;
    do {
      const given = (init ?? {}) as { params?: { query?: object } };
      const query = { ...given.params?.query, ...(cursor === null ? {} : { [position]: cursor }) };
      const page = (await this.get(path, { ...given, params: { ...given.params, query } } as never)) as Page<Item<P>>;
      yield page;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}

/** Rethrows; what is not JSON has not come from the service. */
function explain(error: unknown): never {
  if (!(error instanceof SyntaxError)) throw error;
  throw new UnexpectedAnswer(`The answer is not what the document says. Is baseUrl right? ${error.message}`);
}
