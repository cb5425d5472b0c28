import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { forTests } from '@cashback/testing';
import { describe, expect, test } from 'vitest';
import { document } from '../src/api.ts';
import {
  answerOf,
  assertDocumented,
  bodyOf,
  callbackBodies,
  codesOf,
  examplesOf,
  faultsOf,
  namedSchemas,
  paths,
} from './document.ts';
import { anyValueOf, mutationsOf } from './schema-values.ts';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, newInvoice, newOperation, queryRows, retrieve, settledInvoice } from './support.ts';
import { applied } from './upstream.ts';

const { app, upstream } = forTests(() => setUpWithUpstream());

const get = (path: string) => fetch(`${app.url()}${path}`);
const POSTS = Object.keys(paths).filter((path) => paths[path]?.['post'] !== undefined);

describe('the document', () => {
  test('is served to everybody and is OpenAPI 3.1', async () => {
    const response = await get('/openapi.json');
    expect(response.status).toBe(200);
    const served = (await response.json()) as Record<string, unknown>;
    expect(served).toEqual(document);
    expect(served['openapi']).toMatch(/^3\.1\./);
    expect(await new Validator().validate(structuredClone(served))).toEqual({ valid: true });
  });

  test('has every route, and no other', async () => {
    const { body } = await app.post('/nowhere', {});
    const [, routes = ''] = /; it has (.+)$/.exec(body.error.message) ?? [];
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(routes.split(', ').toSorted());
  });

  test('names the scope, an example and the answers of every route', () => {
    for (const path of POSTS) {
      const { security, responses } = paths[path]?.['post'] ?? {};
      expect(security).toEqual([{ bearer: [expect.any(String)] }]);
      expect(examplesOf(path).length, path).toBeGreaterThan(0);
      expect(Object.keys(responses)).toEqual(
        expect.arrayContaining(['200', '400', '401', '403', '413', '415', '500', '503']),
      );
    }
  });

  test('shows an example of every body and every answer, and each fits its schema', () => {
    const shown = POSTS.flatMap((path) => [bodyOf(path), answerOf(path)]);
    for (const schema of [...shown, ...callbackBodies()]) expect(schema.examples.length).toBeGreaterThan(0);
    for (const [name, schema] of namedSchemas()) {
      for (const example of schema.examples ?? []) expect(faultsOf(name, example), name).toBeNull();
    }
  });

  test('has a page for people that loads no resource and runs no script', async () => {
    const response = await get('/docs');
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await response.text();
    for (const path of Object.keys(paths)) expect(page).toContain(path);
    for (const path of POSTS) for (const { code } of codesOf(path)) expect(page).toContain(code);
    expect(page).toContain('operation.finished');
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(|https?:\/\//i);
  });
});

test('docs/transactions-api.md explains every refusal of the document', () => {
  const text = readFileSync(new URL('../../../docs/transactions-api.md', import.meta.url), 'utf8');
  const refusals = POSTS.flatMap(codesOf).filter(({ status }) => status < 500);
  for (const { status, code } of refusals) {
    expect(text, code).toMatch(new RegExp(`^\\| [\\d, ]*${status}[\\d, ]* \\|.*\`${code}\``, 'm'));
  }
});

describe('the document', () => {
  test('has examples that are accepted, one after the other', async () => {
    const order = ['create', 'update', 'retrieve', 'changes', 'history'].map((name) => `/v2/invoice/${name}`);
    order.push('/v2/cashback/changes', '/update/cashback', '/v2/invoice/change_payee');
    expect(order.toSorted()).toEqual(POSTS.toSorted());
    for (const path of order) {
      if (path.endsWith('/change_payee')) await settledInvoice(app, 'order-1');
      for (const example of examplesOf(path)) {
        const { status, body } = await app.post(path, example);
        expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200);
      }
    }
    expect((await settledInvoice(app, 'order-1')).cashback.status).toBe('success');
  });

  test.each(POSTS)('allows no body that %s refuses', async (path) => {
    await fc.assert(
      fc.asyncProperty(anyValueOf(bodyOf(path)), async (body) => {
        const answer = await app.post(path, body);
        // The form of a body cannot state which cursors exist, nor what a cancelled invoice may state.
        if (answer.body.error?.code === 'CURSOR_INVALID') return;
        if (answer.body.error?.message.includes('in a cancelled invoice')) return;
        expect(answer.status, JSON.stringify(answer.body)).not.toBe(400);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a body outside of the document', () => {
  test.each(POSTS)('is refused by %s, which names the field', async (path) => {
    const { body: page } = await app.post('/v2/invoice/changes', { limit: 1 });
    const [example] = examplesOf(path);
    const whole = path.endsWith('/changes') ? { ...example, after: page.cursor } : example;
    expect((await app.post(path, { ...whole })).status).toBeLessThan(500);
    const mutations = mutationsOf(bodyOf(path), whole, (bad) => bad);
    expect(mutations.length).toBeGreaterThan(8);
    for (const { rule, path: field, body } of mutations) {
      const { status, body: answer } = await app.post(path, body === undefined ? '' : JSON.stringify(body));
      const said = `${rule} at ${field}: ${JSON.stringify(answer)}`;
      expect([status, answer.error?.code], said).toEqual([400, 'BAD_REQUEST']);
      expect(
        answer.error.issues.map((issue: { path: string }) => issue.path),
        said,
      ).toContain(field);
    }
  });
});

describe('every refusal in the document', () => {
  const bad = { note: 1 };
  const nowhere = { invoice_id: 'nowhere' };
  const newPayee = { version: 1, user_id: 'merged', wallet_id: 'merged', reason: 'users merged' };
  const update = { ...nowhere, version: 1, status: 'cleared', payments: [] };

  async function rewarded() {
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    await app.post('/update/cashback', operation);
    await settledInvoice(app, invoice.invoice_id);
    return { invoice, operation };
  }

  /** How each is brought about: the body to send, to which route, with which token. */
  const provoked: [path: string, code: string, body: () => unknown, bearer?: () => string][] = [
    ['/v2/invoice/create', 'BAD_REQUEST', () => bad],
    [
      '/v2/invoice/create',
      'INVOICE_EXISTS',
      async () => ({ ...(await createInvoice(app)), currency: 'EUR' }),
    ],
    [
      '/v2/invoice/create',
      'CHANGE_BODY_MISMATCH',
      async () => ({
        ...(await createInvoice(app, { change_id: 'made' })),
        change_id: 'made',
        currency: 'EUR',
      }),
    ],
    [
      '/v2/invoice/update',
      'CHANGE_BODY_MISMATCH',
      async () => ({
        ...update,
        invoice_id: (await createInvoice(app, { change_id: 'made' })).invoice_id,
        change_id: 'made',
      }),
    ],
    ['/v2/invoice/update', 'BAD_REQUEST', () => bad],
    ['/v2/invoice/update', 'INVOICE_NOT_FOUND', () => update],
    [
      '/v2/invoice/update',
      'VERSION_MISMATCH',
      async () => ({ ...update, invoice_id: (await createInvoice(app)).invoice_id, version: 7 }),
    ],
    [
      '/v2/invoice/update',
      'STATUS_FORBIDDEN',
      async () => ({ ...update, invoice_id: (await createInvoice(app)).invoice_id, status: 'held' }),
    ],
    ['/v2/invoice/change_payee', 'BAD_REQUEST', () => bad],
    ['/v2/invoice/change_payee', 'INVOICE_NOT_FOUND', () => ({ ...nowhere, ...newPayee })],
    [
      '/v2/invoice/change_payee',
      'VERSION_MISMATCH',
      async () => ({ ...newPayee, invoice_id: (await createInvoice(app)).invoice_id, version: 7 }),
    ],
    [
      '/v2/invoice/change_payee',
      'OPERATION_IN_FLIGHT',
      async () => {
        const { invoice_id, ...invoice } = await createInvoice(app);
        upstream.answerWith(() => 'cut');
        await app.post('/update/cashback', newOperation({ invoice_id, ...invoice }));
        return { ...newPayee, invoice_id };
      },
    ],
    ['/v2/invoice/retrieve', 'BAD_REQUEST', () => bad],
    ['/v2/invoice/retrieve', 'INVOICE_NOT_FOUND', () => nowhere],
    ['/v2/invoice/changes', 'BAD_REQUEST', () => bad],
    ['/v2/invoice/changes', 'CURSOR_INVALID', () => ({ after: 'here' })],
    ['/v2/cashback/changes', 'BAD_REQUEST', () => bad],
    ['/v2/cashback/changes', 'CURSOR_INVALID', () => ({ after: 'here' })],
    ['/v2/invoice/history', 'BAD_REQUEST', () => bad],
    ['/v2/invoice/history', 'INVOICE_NOT_FOUND', () => nowhere],
    ['/update/cashback', 'BAD_REQUEST', () => bad],
    ['/update/cashback', 'INVOICE_NOT_FOUND', () => newOperation(newInvoice())],
    [
      '/update/cashback',
      'OPERATION_BODY_MISMATCH',
      async () => ({ ...(await rewarded()).operation, version: 5 }),
    ],
    [
      '/update/cashback',
      'OPERATION_IN_FLIGHT',
      async () => {
        const invoice = await createInvoice(app);
        upstream.answerWith(() => 'cut');
        await app.post('/update/cashback', newOperation(invoice));
        return newOperation(invoice);
      },
    ],
    ['/update/cashback', 'VERSION_MISMATCH', async () => newOperation((await rewarded()).invoice)],
    [
      '/update/cashback',
      'PAYEE_MISMATCH',
      async () => newOperation(await createInvoice(app), { user_id: randomUUID() }),
    ],
    [
      '/update/cashback',
      'HISTORY_UNKNOWN',
      async () => {
        const invoice = await createInvoice(app);
        const asRestored = 'UPDATE transactions.invoices SET reconciled_epoch = 0 WHERE invoice_id = $1';
        await queryRows(app.owner, asRestored, [invoice.invoice_id]);
        upstream.answerWith(() => 'cut');
        return newOperation(invoice);
      },
    ],
    ...POSTS.flatMap((path): typeof provoked => [
      [path, 'UNAUTHORIZED', () => bad, () => 'nobody-knows-this-token'],
      [path, 'FORBIDDEN', () => bad, () => app.uselessToken],
      [path, 'PAYLOAD_TOO_LARGE', () => ({ note: 'x'.repeat(1_100_000) })],
    ]),
  ];

  test.each(provoked)('%s answers %s', async (path, code, body, bearer) => {
    const { status, body: answer } = await app.post(path, await body(), bearer?.());
    upstream.answerWith(applied);
    expect(answer.error.code).toBe(code);
    expect({ status, code }).toEqual(codesOf(path).find((one) => one.code === code));
  });

  test.each(POSTS)('%s answers UNSUPPORTED_MEDIA_TYPE', async (path) => {
    const { status, body } = await app.post(path, '{}', undefined, 'application/xml');
    expect([status, body.error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('is provoked by one of these tests, except for faults of the service', () => {
    const tried = [
      ...provoked.map(([path, code]) => `${path} ${code}`),
      ...POSTS.map((path) => `${path} UNSUPPORTED_MEDIA_TYPE`),
    ];
    const documented = POSTS.flatMap((path) =>
      codesOf(path)
        .filter(({ status }) => status < 500)
        .map(({ code }) => `${path} ${code}`),
    );
    expect(tried.toSorted()).toEqual(documented.toSorted());
  });
});

test('the check of answers finds a field that the document lacks', async () => {
  const { invoice_id } = await createInvoice(app);
  const invoice = await retrieve(app, invoice_id);
  const check = (status: number, body: unknown) => () =>
    assertDocumented('/v2/invoice/retrieve', status, body);
  expect(check(200, invoice)).not.toThrow();
  expect(check(201, invoice)).toThrow('does not foresee');
  expect(check(200, { ...invoice, version: 0 })).toThrow('not documented');
  expect(check(200, { ...invoice, note: 'x' })).toThrow('undocumented fields: .note');
  const error = { code: 'INVOICE_NOT_FOUND', message: 'x', retryable: false };
  expect(check(404, { error })).not.toThrow();
  expect(check(404, { error: { ...error, code: 'ORDER_NOT_FOUND' } })).toThrow('not documented');
});
