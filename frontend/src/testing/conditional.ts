/** `ETag` and `If-Match` of the API in memory. */
import { problem } from "./answers";

type Answers = (request: Request) => Promise<Response | undefined>;

/** Routes that refuse a change without `If-Match`. */
const REPLACING = [/\/organization\/(away|links|mass-text)$/, /\/lines\/[^/]+\/prices$/];

export async function conditional(request: Request, answers: Answers): Promise<Response | undefined> {
  const wanted = request.headers.get("If-Match");
  const { pathname } = new URL(request.url);
  const replaces = request.method !== "GET" && REPLACING.some((each) => each.test(pathname));
  if (replaces && wanted === null) return problem(428, "/problems/precondition-required", "Say which version you have changed");
  if (wanted !== null && wanted !== "*") {
    const stored = await answers(new Request(request.url));
    const [tag, current] = stored ? [await tagOf(stored), (await stored.json()) as object] : [null, null];
    if (tag !== wanted) return problem(412, "/problems/precondition-failed", "The record has changed since it was read", { etag: tag, current });
  }
  const answer = await answers(request);
  if (request.method !== "GET" || answer?.status !== 200 || answer.headers.get("Content-Type") !== "application/json") return answer;
  answer.headers.set("ETag", await tagOf(answer));
  return answer;
}

async function tagOf(answer: Response): Promise<string> {
  let hash = 7;
  for (const character of await answer.clone().text()) hash = (hash * 31 + character.charCodeAt(0)) % 2_147_483_647;
  return `"${hash.toString(16)}"`;
}
