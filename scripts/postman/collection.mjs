// Writes the Postman collection of openapi.json: `collection.mjs DOCUMENT FILE`. The same document makes the same bytes.

import { readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';

const OPTIONS = {
  folderStrategy: 'Tags',
  // A value is its type, such as <uuid>.
  parametersResolution: 'Schema',
  // Optional parameters are there, switched off.
  enableOptionalParameters: false,
};
const VARIABLES = [
  { key: 'baseUrl', value: 'http://localhost:8000', description: 'The address of the service, without /api/v1.' },
  { key: 'apiKey', value: '', type: 'secret', description: 'A key of Administration, or of POST /api/v1/api-keys.' },
];

const [source, target] = process.argv.slice(2);
const document = JSON.parse(readFileSync(source, 'utf8'));
repeatable();
const { default: converter } = await import('openapi-to-postmanv2');
const { output } = await new Promise((resolve, reject) => {
  converter.convertV2({ type: 'json', data: document }, OPTIONS, (error, result) =>
    error || !result.result ? reject(error ?? new Error(result.reason)) : resolve(result),
  );
});
const open = new Set(
  Object.values(document.paths)
    .flatMap(Object.values)
    .filter((operation) => operation.security?.length === 0)
    .map((operation) => operation.summary),
);
const collection = output[0].data;
collection.info._postman_id = id(document.info.title);
collection.auth = { type: 'bearer', bearer: [{ key: 'token', type: 'string', value: '{{apiKey}}' }] };
collection.variable = VARIABLES;
collection.item.forEach((each) => tidy(each, collection.info.name));
writeFileSync(target, `${JSON.stringify(collection, null, 1)}\n`);

/** The converter takes one of an enum's values by chance. It has to be loaded after this. */
function repeatable() {
  let state = 1;
  Math.random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function id(name) {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** Without the examples of answers, which are 35 times what is left: /docs has them. */
function tidy(item, place) {
  const name = `${place}/${item.name}`;
  item.id = id(name);
  item.item?.forEach((each) => tidy(each, name));
  if (item.request) {
    item.response = [];
    if (open.has(item.name)) item.request.auth = { type: 'noauth' };
    for (const header of item.request.header) {
      if (header.key === 'Idempotency-Key') Object.assign(header, { value: '{{$guid}}', disabled: false });
    }
  }
}
