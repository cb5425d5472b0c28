import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { document } from '../src/api.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a document is walked by its keys
type Schema = any;

const ROOT = 'transactions';
const ajv = new Ajv2020.Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: ROOT });

export const paths: Record<string, Record<string, Schema>> = document['paths'] as Schema;

/** The schema that a `$ref` of the document stands for, with what stands beside it. */
export function resolve(schema: Schema): Schema {
  if (schema?.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  const target = $ref
    .split('/')
    .slice(1)
    .reduce((value: Schema, key: string) => value[key.replaceAll('~1', '/')], document);
  return { ...resolve(target), ...beside };
}

export function bodyOf(path: string): Schema {
  return resolve(paths[path]?.['post']?.requestBody.content['application/json'].schema);
}

export function answerOf(path: string): Schema {
  return resolve(paths[path]?.['post']?.responses['200'].content['application/json'].schema);
}

export function callbackBodies(): Schema[] {
  return Object.values<Schema>(document['webhooks'] as Schema).map(({ post }) =>
    resolve(post.requestBody.content['application/json'].schema),
  );
}

export function namedSchemas(): [name: string, schema: Schema][] {
  return Object.entries((document['components'] as Schema).schemas);
}

/** What a value lacks of a named schema; null when it fits. */
export function faultsOf(name: string, value: unknown): string | null {
  const validate = ajv.compile({ $ref: `${ROOT}#/components/schemas/${name}` });
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

export function examplesOf(path: string): Schema[] {
  return bodyOf(path).examples ?? [];
}

/** Codes of each status that a route may answer. */
export function codesOf(path: string): { status: number; code: string }[] {
  const { responses } = paths[path]?.['post'] ?? { responses: {} };
  return Object.entries<Schema>(responses).flatMap(([status, { content }]) =>
    (content['application/json'].schema.allOf?.[1].properties.error.properties.code.enum ?? []).map(
      (code: string) => ({ status: Number(status), code }),
    ),
  );
}

/** Throws when the document does not foresee an answer, or the answer holds a field that the document does not have. */
export function assertDocumented(path: string, status: number, body: unknown): void {
  const described = paths[path]?.['post'];
  if (described === undefined) return;
  const answer = described.responses[status];
  if (answer === undefined)
    throw new Error(`${path} answered ${status}, which its document does not foresee`);
  const pointer = ['paths', path.replaceAll('/', '~1'), 'post', 'responses', status, 'content'].join('/');
  const validate = ajv.compile({ $ref: `${ROOT}#/${pointer}/application~1json/schema` });
  if (!validate(body)) {
    throw new Error(
      `${path} answered ${status} with what is not documented: ${ajv.errorsText(validate.errors)}`,
    );
  }
  const unknown = undocumentedFields(answer.content['application/json'].schema, body);
  if (unknown.length > 0) throw new Error(`${path} answered undocumented fields: ${unknown.join(', ')}`);
}

/** Other implementations may answer with more fields; the document has all of ours. */
function undocumentedFields(schema: Schema, value: unknown, at = ''): string[] {
  const known = resolve(schema.allOf?.[0] ?? schema);
  if (Array.isArray(value)) {
    return value.flatMap((one, index) => undocumentedFields(known.items ?? {}, one, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || known.properties === undefined) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    name in known.properties
      ? undocumentedFields(known.properties[name], field, `${at}.${name}`)
      : [`${at}.${name}`],
  );
}
