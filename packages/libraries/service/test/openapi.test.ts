import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createHttpServer, createLog, describeApi, listen, serveApiDocs } from '../src/index.ts';

const greeting = z
  .strictObject({ name: z.string().max(20), times: z.int().min(1).default(1) })
  .meta({ examples: [{ name: '<script>alert(1)</script>' }] });
const answer = z.object({ text: z.string().describe('Says "hello" & <goodbye>') });
const described = {
  title: 'greeter',
  version: '1.2.3',
  description: 'Greets `people`.\n\nAnd nobody else.',
  routes: [
    {
      path: '/v1/greet',
      summary: 'Greet',
      description: 'Greets once or more often.',
      scope: 'greetings',
      body: greeting,
      answer,
      errors: { NAME_TAKEN: { http_status: 409, when: 'another has it' } },
    },
  ],
  callbacks: [
    { name: 'greeted', summary: 'A person was greeted', description: 'At least once.', body: answer },
  ],
  components: { Greeting: greeting, Answer: answer },
};

describe('describeApi', () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- a document is read by its keys
  const document: any = describeApi(described);

  test('derives bodies from the shapes: what may be left out is not required, and other fields are refused where the shape does', () => {
    expect(document.components.schemas.Greeting).toEqual({
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 20 },
        times: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: 1 },
      },
      required: ['name'],
      additionalProperties: false,
      examples: [{ name: '<script>alert(1)</script>' }],
    });
    expect(document.components.schemas.Answer.additionalProperties).toBeUndefined();
  });

  test('lists the codes of every status, the own and those that every route has', () => {
    const { responses, security } = document.paths['/v1/greet'].post;
    expect(security).toEqual([{ bearer: ['greetings'] }]);
    const codesOf = (status: number) =>
      responses[status].content['application/json'].schema.allOf[1].properties.error.properties.code.enum;
    expect(codesOf(409)).toEqual(['NAME_TAKEN']);
    expect(codesOf(400)).toEqual(['BAD_REQUEST']);
    expect(responses[409].description).toContain('another has it');
  });

  test('says that callbacks are signed', () => {
    const { parameters } = document.webhooks.greeted.post;
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual([
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ]);
  });

  test('refuses a body without a name', () => {
    expect(() => describeApi({ ...described, components: { Greeting: greeting } })).toThrow('needs a name');
  });
});

describe('serveApiDocs', () => {
  const log = createLog({ name: 'test', level: 'silent', json: true });
  const server = createHttpServer({ name: 'greeter', log, tokens: [], health: async () => {} });
  let url = '';
  beforeAll(async () => {
    serveApiDocs(server, describeApi(described));
    url = await listen(server, { port: 0 });
  });
  afterAll(() => server.close());

  test('serves the document without a token', async () => {
    const response = await fetch(`${url}/openapi.json`);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual(describeApi(described));
  });

  test('serves a page in which everything is text', async () => {
    const response = await fetch(`${url}/docs`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('Says &quot;hello&quot; &amp; &lt;goodbye&gt;');
    expect(page).not.toMatch(/<script|<goodbye/);
    expect(page).toContain('Greets <code>people</code>.');
    for (const said of ['/v1/greet', 'greetings', 'NAME_TAKEN', 'callback greeted', 'optional']) {
      expect(page).toContain(said);
    }
  });
});
