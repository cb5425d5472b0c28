import { z } from 'zod';
import { errorBody } from '../http/error-answer.ts';

/** A route as its document describes it, with the same shapes that read its inputs. */
export interface ApiRoute {
  path: string;
  /** A few words, like a headline. */
  summary: string;
  description: string;
  /** The scope that the caller's token must have. */
  scope: string;
  body: z.ZodType;
  answer: z.ZodType;
  /** What it refuses beyond what every route does, by code. */
  errors: Readonly<Record<string, ApiError>>;
}

export interface ApiError {
  http_status: number;
  /** In which case. */
  when: string;
}

/** A signed callback that the API sends. */
export interface ApiCallback {
  name: string;
  summary: string;
  description: string;
  body: z.ZodType;
}

export interface ApiDescription {
  title: string;
  version: string;
  description: string;
  routes: readonly ApiRoute[];
  callbacks: readonly ApiCallback[];
  /** Shapes that are worth a name of their own, by that name. */
  components: Readonly<Record<string, z.ZodType>>;
}

/** Every route may answer these. */
const COMMON_ERRORS: Readonly<Record<string, ApiError>> = {
  BAD_REQUEST: { http_status: 400, when: 'the body is not as described; `issues` says where' },
  UNAUTHORIZED: { http_status: 401, when: 'no token, or none that is accepted' },
  FORBIDDEN: { http_status: 403, when: 'the token lacks the scope' },
  PAYLOAD_TOO_LARGE: { http_status: 413, when: 'the body is larger than the limit' },
  UNSUPPORTED_MEDIA_TYPE: { http_status: 415, when: 'the body is not sent as application/json' },
  INTERNAL: { http_status: 500, when: 'a fault of the service; whether the call took effect is not known' },
  OVERLOADED: { http_status: 503, when: 'too busy; nothing was changed' },
  UNAVAILABLE: { http_status: 503, when: 'something that is needed does not answer' },
  DATABASE_UNAVAILABLE: {
    http_status: 503,
    when: 'the database does not answer; whether the call took effect is not known',
  },
  HANDLER_TIMEOUT: {
    http_status: 503,
    when: 'no answer was ready in time; whether the call took effect is not known',
  },
};

const JSON_TYPE = 'application/json';
const REF = '#/components/schemas/';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** An OpenAPI 3.1 document of everything that the API answers and sends, derived from the shapes that do the work. */
export function describeApi(api: ApiDescription): JsonObject {
  const shapes = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries({ ...api.components, Error: errorBody }))
    shapes.add(shape, { id });
  const paths = api.routes.map(({ path, ...route }): [string, JsonObject] => [
    path,
    { post: describeRoute({ path, ...route }, shapes) },
  ]);
  const webhooks = api.callbacks.map((callback): [string, JsonObject] => [
    callback.name,
    { post: describeCallback(callback, shapes) },
  ]);
  return {
    openapi: '3.1.1',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: '/' }],
    paths: { ...Object.fromEntries(paths), ...OPEN_PATHS },
    webhooks: Object.fromEntries(webhooks),
    components: {
      schemas: schemasOf(shapes),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token that the service accepts. Each route names the scope that the token must have.',
        },
      },
    },
  };
}

function describeRoute(route: ApiRoute, shapes: Shapes): JsonObject {
  const { path, summary, description, scope, body, answer } = route;
  return {
    operationId: path.replace(/^\W+/, '').replaceAll(/\W+/g, '_'),
    summary,
    description,
    security: [{ bearer: [scope] }],
    requestBody: { required: true, content: { [JSON_TYPE]: { schema: refTo(shapes, body) } } },
    responses: {
      '200': {
        description: 'Done, or as it was done when the call came for the first time',
        content: { [JSON_TYPE]: { schema: refTo(shapes, answer) } },
      },
      ...errorResponses({ ...COMMON_ERRORS, ...route.errors }),
    },
  };
}

function describeCallback({ summary, description, body }: ApiCallback, shapes: Shapes): JsonObject {
  const header = (name: string, what: string): JsonObject => ({
    name,
    in: 'header',
    required: true,
    description: what,
    schema: { type: 'string' },
  });
  return {
    summary,
    description,
    parameters: [
      header('webhook-id', 'Of the callback: a repeat has the same'),
      header('webhook-timestamp', 'When it was signed, in seconds since 1970'),
      header(
        'webhook-signature',
        'Signatures of `id.timestamp.body` by Standard Webhooks, separated by spaces',
      ),
    ],
    requestBody: { required: true, content: { [JSON_TYPE]: { schema: refTo(shapes, body) } } },
    responses: { '204': { description: 'Received. Anything but a 2xx is sent again later.' } },
  };
}

/** One answer for each status, with the codes that it may carry. */
function errorResponses(errors: Readonly<Record<string, ApiError>>): JsonObject {
  const byStatus = Map.groupBy(Object.entries(errors), ([, { http_status }]) => http_status);
  const responses = [...byStatus].map(([status, entries]): [string, JsonObject] => {
    const codes = z.object({ error: z.object({ code: z.enum(entries.map(([code]) => code)) }) });
    const schema: Json = { allOf: [{ $ref: `${REF}Error` }, jsonSchemaOf(codes)] };
    const description = entries.map(([code, { when }]) => `\`${code}\`: ${when}`).join('\n\n');
    return [String(status), { description, content: { [JSON_TYPE]: { schema } } }];
  });
  return Object.fromEntries(responses);
}

type Shapes = z.core.$ZodRegistry<{ id: string }>;

function refTo(shapes: Shapes, shape: z.ZodType): Json {
  const id = shapes.get(shape)?.id;
  if (id === undefined) throw new Error('every body and every answer of a described API needs a name');
  return { $ref: `${REF}${id}` };
}

/** As JSON Schema 2020-12. What callers send and what they read alike, so unknown fields of answers are allowed. */
const AS_SENT = { io: 'input', target: 'draft-2020-12' } as const;

function schemasOf(shapes: Shapes): JsonObject {
  const { schemas } = z.toJSONSchema(shapes, { ...AS_SENT, uri: (id) => `${REF}${id}` });
  const entries = Object.entries(schemas).map(([id, schema]): [string, Json] => [id, bare(schema)]);
  return Object.fromEntries(entries.toSorted(([left], [right]) => left.localeCompare(right)));
}

function jsonSchemaOf(shape: z.ZodType): Json {
  return bare(z.toJSONSchema(shape, AS_SENT));
}

/** Inside a document its version and its place say these. */
function bare(schema: z.core.JSONSchema.BaseSchema): Json {
  const { $schema: _version, $id: _place, ...rest } = schema;
  return rest as JsonObject;
}

const open = (summary: string, type: string, other: JsonObject = {}): JsonObject => ({
  get: {
    summary,
    security: [],
    responses: { '200': { description: summary, content: { [type]: {} } }, ...other },
  },
});

/** Routes without a token: they reveal no invoice. */
const OPEN_PATHS: JsonObject = {
  '/health': open('Whether the service can do its work', JSON_TYPE, {
    '503': { description: 'It cannot, and why', content: { [JSON_TYPE]: {} } },
  }),
  '/ready': open('Whether the service should get work now, with its loops and pools', JSON_TYPE, {
    '503': { description: 'Not now, and why', content: { [JSON_TYPE]: {} } },
  }),
  '/openapi.json': open('This document', JSON_TYPE),
  '/docs': open('This document, for people', 'text/html'),
};
