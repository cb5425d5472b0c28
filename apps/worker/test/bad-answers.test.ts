import type { Invoice } from '@cashback/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Call, refuse } from '@cashback/outside-transactions';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  // Some answers never come, and several orders at once get bad ones.
  await harness.startWorker({ transactions_timeout_ms: 2_000, transactions_circuit_calls: 10_000 });
});
afterAll(async () => {
  await harness.stop();
  expect(harness.outside.without_intent).toEqual([]);
});

const passing: [string, (call: Call, honest: () => Answer) => Answer][] = [
  ['HTML', () => ({ html: '<html>maintenance</html>' })],
  ['500 without a body', () => ({ status: 500, body: null })],
  ['503 with an error', () => refuse(503, 'DATABASE_UNAVAILABLE', 'come again')],
  ['429', () => refuse(429, 'TOO_MANY_REQUESTS', 'come again')],
  ['401: the token was changed', () => refuse(401, 'UNAUTHORIZED', 'unknown token')],
  ['403: the token lost its scope', () => refuse(403, 'FORBIDDEN', 'no such scope')],
  ['404: the address is wrong', () => refuse(404, 'NOT_FOUND', 'no such route')],
  ['JSON of another shape', () => ({ status: 200, body: { hello: 'world' } })],
  ['a cut connection', () => 'cut'],
  ['a cut connection after it was applied', (_, honest) => (honest(), 'cut')],
  ['500 after it was applied', (_, honest) => (honest(), { status: 500, body: {} })],
  ['no answer at all', () => 'hang'],
];

for (const path of ['/v2/invoice/retrieve', '/update/cashback']) {
  test.concurrent.each(passing)(
    `${path} answered with %s passes: the order is settled by one operation`,
    async (_, bad) => {
      const { outside } = harness;
      const orderId = newOrderId('passing');
      outside.addInvoice(orderId);
      let times = 0;
      outside.intercept_of.set(orderId, (call, honest) => {
        if (call.path !== path || times === 2) return honest();
        times += 1;
        return bad(call, honest);
      });
      await harness.register(orderId, '10');
      expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
      expect(times).toBeGreaterThan(0);
      expect(outside.cashback(orderId).operations).toHaveLength(1);
      expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    },
  );
}

test('a stale answer that matches the current target settles nothing', async () => {
  const { outside } = harness;
  const orderId = newOrderId('past');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  const past = structuredClone(outside.cashback(orderId));
  await harness.register(orderId, '4');
  await harness.untilSettled(orderId);

  // A replica that lags shows ten as rewarded, which is the target again.
  let times = 0;
  outside.intercept_of.set(orderId, (call, honest) => {
    const answer = honest();
    if (call.path !== '/v2/invoice/retrieve' || times === 2) return answer;
    times += 1;
    return typeof answer === 'object' && 'body' in answer
      ? { ...answer, body: { ...(answer.body as object), cashback: past } }
      : answer;
  });
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(times).toBe(2);
  expect(outside.cashback(orderId).rewarded).toMatchObject([{ source: 'user', amount: '10.0000' }]);
});

test('an answer to an update that is about another operation is never trusted', async () => {
  const { outside } = harness;
  const orderId = newOrderId('wrong-operation');
  outside.addInvoice(orderId);
  let times = 0;
  outside.intercept_of.set(orderId, (call, honest) => {
    if (call.path !== '/update/cashback' || times === 1) return honest();
    times += 1;
    return { status: 200, body: { operation_id: 'of-another-caller', status: 'success', version: 9 } };
  });
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(new Set(outside.updates(orderId).map((body) => body.operation_id)).size).toBe(1);
});

const lost = { operation_id: 'of-another-caller', status: 'success', version: 9 };
/** Those that share a test fail for one call: while it succeeds for one order, others that fail need attention. */
const neverPassing: [string, string, (() => Answer)[]][] = [
  [
    '/v2/invoice/retrieve',
    'is no invoice, a page or a fault',
    [
      () => ({ status: 200, body: { hello: 'world' } }),
      () => ({ html: '<html>shop</html>' }),
      () => ({ status: 500, body: null }),
    ],
  ],
  ['/update/cashback', 'is a fault', [() => ({ status: 500, body: null })]],
  ['/update/cashback', 'is about another operation', [() => ({ status: 200, body: lost })]],
];

test.each(neverPassing)(
  'an answer of %s that %s is retried indefinitely without attention',
  async (path, _, answers) => {
    const { outside } = harness;
    await harness.stopWorkers();
    await harness.startWorker({ attention_after_ms: 300, transactions_circuit_calls: 10_000 });
    const orderIds = answers.map(() => newOrderId('never-passing'));
    for (const [index, bad] of answers.entries()) {
      const orderId = orderIds[index] ?? '';
      outside.addInvoice(orderId);
      outside.intercept_of.set(orderId, (call, honest) => (call.path === path ? bad() : honest()));
      await harness.register(orderId, '10');
    }
    for (const orderId of orderIds) {
      // The waits double up to 400 ms, so these take longer than the age at which an order needs attention.
      await readUntil(
        () => outside.calls.filter((call) => call.order_id === orderId && call.path === path).length,
        (calls) => calls >= 6,
      );
    }
    for (const orderId of orderIds) expect(await harness.order(orderId)).toMatchObject({ attention: null });

    outside.intercept_of.clear();
    for (const orderId of orderIds) {
      expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
      expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
      expect(outside.cashback(orderId).operations).toHaveLength(1);
    }
  },
);

test('an order whose operations are rejected again and again needs attention', async () => {
  const { outside } = harness;
  await harness.stopWorkers();
  await harness.startWorker({
    max_failures: 5,
    failure_base_ms: 10,
    failure_max_ms: 50,
    attention_poll_ms: 60_000,
    attention_poll_max_ms: 60_000,
  });
  const orderId = newOrderId('rejected-forever');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) => {
    if (call.path === '/update/cashback') outside.cashback(orderId).version += 1;
    return honest();
  });
  await harness.register(orderId, '10');
  const { attention } = await readUntil(
    () => harness.order(orderId),
    (order) => order.attention !== null,
  );
  expect(attention).toBe('5 operations of this revision were rejected');
  const sent = await harness.operations(orderId);
  expect(sent.map(({ outcome }) => outcome)).toEqual(Array<string>(5).fill('rejected'));
  expect(sent[0]?.reason).toContain('VERSION_MISMATCH');

  outside.intercept_of.delete(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toHaveLength(6);
});

test('a reason that a row cannot store, or a long one, is stored as far as possible', async () => {
  const { outside } = harness;
  const orderId = newOrderId('reason');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) => {
    const answer = honest();
    if (call.path === '/update/cashback')
      outside.finish(orderId, 'failed', `wallet_forbids_negative: \0${'x'.repeat(1_000)}`);
    return answer;
  });
  outside.on_accept = 'stay';
  await harness.register(orderId, '10');
  const { attention, operation_id } = await readUntil(
    () => harness.order(orderId),
    (order) => order.attention !== null,
  );
  outside.on_accept = 'success';
  expect(operation_id).toBeNull();
  const kept = `wallet_forbids_negative: \uFFFD${'x'.repeat(471)}...`;
  expect(attention).toBe(kept);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'failed', reason: kept }]);
});

test('a repeat reveals the end of an operation that the invoice no longer lists, and another one follows', async () => {
  const { outside } = harness;
  const orderId = newOrderId('unlisted');
  outside.addInvoice(orderId);
  // After ours other operations followed, until the invoice no longer lists it.
  outside.intercept_of.set(orderId, (call, honest) => {
    const { cashback } = { cashback: outside.cashback(orderId) };
    const answer = honest();
    if (call.path === '/update/cashback' && cashback.operations.length === 1) {
      cashback.rewarded = [{ source: 'user', amount: '7.0000' }];
    }
    if (call.path !== '/v2/invoice/retrieve' || typeof answer === 'string' || 'html' in answer) return answer;
    const invoice = answer.body as Invoice;
    const { rewarded, operations } = invoice.cashback;
    const newest = { operation_id: 'of-another-caller', status: 'success' as const, reward: rewarded };
    const listed = operations.length === 1 ? [newest] : operations.slice(0, -1);
    return { ...answer, body: { ...invoice, cashback: { ...invoice.cashback, operations: listed } } };
  });
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '10.0000' }]);
});

test('a definite refusal that proves nothing leaves the operation open, and the order needs attention', async () => {
  const { outside } = harness;
  const orderId = newOrderId('body-mismatch');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) =>
    call.path === '/update/cashback' ? refuse(409, 'OPERATION_BODY_MISMATCH', 'another body') : honest(),
  );
  await harness.register(orderId, '10');
  const order = await readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  expect(order.attention).toContain('OPERATION_BODY_MISMATCH');
  const [operation] = await harness.operations(orderId);
  expect(operation).toMatchObject({ outcome: null });
  expect(order.operation_id).toBe(operation?.operation_id);
});
