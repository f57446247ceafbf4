/**
 * Holds what the app asks and what a test answers against openapi.json: an answer that the API would not give, or a request that it
 * would not take and the test accepts, fails the test. Objects are closed: a field that the document does not name is a mismatch.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020";
import addFormats from "ajv-formats";

import { server } from "./server";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Schema = Record<string, Json>;

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

const ID = "openapi";

/** The same schemas with absolute references, so that each compiles alone, and with closed objects. */
function prepare(value: Json): Json {
  if (Array.isArray(value)) return value.map(prepare);
  if (value === null || typeof value !== "object") return value;
  const prepared = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, prepare(each)]));
  if (typeof prepared.$ref === "string" && prepared.$ref.startsWith("#")) prepared.$ref = `${ID}${prepared.$ref}`;
  if (prepared.type === "object" && prepared.properties) prepared.additionalProperties ??= false;
  return prepared;
}

const document = JSON.parse(readFileSync(join(import.meta.dirname, "../../../openapi.json"), "utf8")) as Json;
const prepared = prepare(document) as unknown as { paths: Record<string, Record<string, Operation>> };

function newAjv(coerceTypes: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes });
  // Its types describe the CommonJS module.
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  ajv.addFormat("binary", true);
  ajv.addSchema(prepared, ID);
  return ajv;
}
const bodies = newAjv(false);
/** Of an address everything is text. */
const texts = newAjv(true);

/** The routes; those without parameters first, since "/messages/search" is not "/messages/{message_id}". */
const routes = Object.entries(prepared.paths)
  .map(([path, operations]) => ({ path, operations, pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`) }))
  .sort((a, b) => a.path.split("{").length - b.path.split("{").length);

function findOperation(method: string, pathname: string): { operation: Operation; params: Record<string, string> } | null {
  for (const { operations, pattern } of routes) {
    const match = pattern.exec(pathname);
    const operation = operations[method.toLowerCase()];
    if (match && operation) return { operation, params: match.groups ?? {} };
  }
  return null;
}

const validators = new Map<object, ValidateFunction>();

/** What is wrong with a value; nothing if it is as the schema says. */
function errorsOf(ajv: Ajv2020, schema: Schema, value: unknown): string[] {
  const validate = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, validate);
  if (validate(value)) return [];
  const errors = (validate.errors ?? []).map(({ instancePath, message = "", params }) => {
    const extra = (params as { additionalProperty?: string }).additionalProperty;
    return `${instancePath || "/"} ${message}${extra === undefined ? "" : ` (${extra})`}`;
  });
  return [...new Set(errors)].slice(0, 5);
}

const PROBLEM = "application/problem+json";
/** Every route may fail in a way that nobody has foreseen. */
const UNFORESEEN: Operation["responses"][string] = { content: { [PROBLEM]: { schema: { $ref: `${ID}#/components/schemas/Problem` } } } };

/** What jsdom's XMLHttpRequest shows of a form that it sends, and of an answer that it has parsed: nothing to check. */
const PARSED = /^\[object \w+\]$/;

const mediaType = (headers: Headers): string => headers.get("Content-Type")?.split(";")[0]?.trim() ?? "";

async function mismatchesOfAnswer(operation: Operation, response: Response): Promise<string[]> {
  const declared = operation.responses[response.status] ?? (response.status === 500 ? UNFORESEEN : undefined);
  if (!declared) return [`no route answers ${response.status} here`];
  const type = mediaType(response.headers);
  if (!declared.content) return (await response.text()) === "" ? [] : ["it has no body"];
  const content = declared.content[type] ?? declared.content["*/*"];
  if (!content) return [`it is ${Object.keys(declared.content).join(" or ")}, not ${type || "without a body"}`];
  if (!content.schema || !/json$/.test(type)) return [];
  const text = await response.text();
  return PARSED.test(text) ? [] : errorsOf(bodies, content.schema, JSON.parse(text));
}

const parameterSchemas = new Map<Operation, Map<string, Schema>>();

/** The schema of all parameters of one place, as of one object. */
function schemaOf(operation: Operation, place: Parameter["in"]): Schema {
  const known = parameterSchemas.get(operation) ?? new Map<string, Schema>();
  parameterSchemas.set(operation, known);
  const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  const schema = known.get(place) ?? {
    type: "object",
    properties: Object.fromEntries(parameters.map(({ name, schema: each }) => [place === "header" ? name.toLowerCase() : name, each])),
    required: parameters.filter(({ required }) => required).map(({ name }) => (place === "header" ? name.toLowerCase() : name)),
    // Browsers and the client add headers of their own.
    additionalProperties: place === "header",
  };
  known.set(place, schema);
  return schema;
}

interface Asked {
  method: string;
  url: URL;
  headers: Headers;
  body: Promise<string>;
}

function queryOf(operation: Operation, query: URLSearchParams): Record<string, string | string[]> {
  const lists = (operation.parameters ?? []).filter(({ schema }) => JSON.stringify(schema).includes('"array"')).map(({ name }) => name);
  return Object.fromEntries([...query.keys()].map((name) => [name, lists.includes(name) ? query.getAll(name) : (query.get(name) ?? "")]));
}

async function mismatchesOfRequest(operation: Operation, params: Record<string, string>, asked: Asked): Promise<string[]> {
  const decoded = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]));
  const found = [
    ...errorsOf(texts, schemaOf(operation, "path"), decoded).map((each) => `path ${each}`),
    ...errorsOf(texts, schemaOf(operation, "query"), queryOf(operation, asked.url.searchParams)).map((each) => `query ${each}`),
    ...errorsOf(texts, schemaOf(operation, "header"), Object.fromEntries(asked.headers)).map((each) => `header ${each}`),
  ];
  const body = await asked.body;
  const type = mediaType(asked.headers);
  const { content = {}, required = false } = operation.requestBody ?? {};
  if (PARSED.test(body)) return found;
  if (body === "") return required ? [...found, "the body is missing"] : found;
  const declared = content[type];
  if (!declared) return [...found, `a body of ${type || "no type"} is not accepted`];
  return /json$/.test(type) ? [...found, ...errorsOf(bodies, declared.schema, JSON.parse(body)).map((each) => `body ${each}`)] : found;
}

/** What the document does not allow of a request and its answer, one sentence each. */
export async function findMismatches(asked: Asked, response: Response): Promise<string[]> {
  const { method, url } = asked;
  const what = `${method} ${url.pathname} → ${response.status}`;
  const found = findOperation(method, url.pathname);
  if (!found) return [`${what}: the API has no such route`];
  const ofAnswer = await mismatchesOfAnswer(found.operation, response);
  const ofRequest = response.ok ? await mismatchesOfRequest(found.operation, found.params, asked) : [];
  return [...ofAnswer.map((each) => `${what}: answer: ${each}`), ...ofRequest.map((each) => `${what}: request: ${each}`)];
}

const started = new Map<string, Asked>();
const checks: Promise<string[]>[] = [];

/** Listens to everything that a test's server is asked, whoever answers it. */
export function watchAnswers(): void {
  server.events.on("request:start", ({ request, requestId }) => {
    const url = new URL(request.url);
    if (!url.pathname.startsWith("/api/v1/")) return;
    // Read at once: a test may reset its handlers before the answer is there.
    started.set(requestId, { method: request.method, url, headers: request.headers, body: request.clone().text() });
  });
  server.events.on("response:mocked", ({ response, requestId }) => {
    const asked = started.get(requestId);
    started.delete(requestId);
    if (asked && response.type !== "error") checks.push(findMismatches(asked, response.clone()));
  });
}

/** The mismatches since the last call. */
export async function takeMismatches(): Promise<string[]> {
  started.clear();
  return [...new Set((await Promise.all(checks.splice(0))).flat())];
}
