import { type Answer, refuse } from '@cashback/outside-transactions';
import { readUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Harness, type OrderRow, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  await harness.startWorker({ attention_after_ms: 500 });
  for (let count = 0; count < 3; count += 1) await settledOrder('other');
});
afterEach(() => {
  harness.outside.intercept = undefined;
  harness.outside.intercept_of.clear();
});
afterAll(() => harness.stop());

async function settledOrder(name: string): Promise<string> {
  const orderId = newOrderId(name);
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  return orderId;
}

/** Other orders are observed while this one is read. */
async function besideOthers(orderId: string): Promise<OrderRow> {
  await harness.database.pool.query(
    `UPDATE cashback.order_clears SET poll_at = now() WHERE order_id LIKE 'other-%'`,
  );
  return harness.order(orderId);
}

/** Fails as a service does that has a bug. */
const failure: Answer = refuse(500, 'INTERNAL', 'see the log');

test.each([
  [
    '/v2/invoice/retrieve',
    /^the invoice cannot be retrieved, while those of other orders can: .*see the log/,
  ],
  ['/update/cashback', /^operation \S+ has no answer, while those of other orders have: not settled since/],
])('an order whose %s fails alone needs attention and recovers automatically', async (path, reason) => {
  const { outside } = harness;
  const orderId = newOrderId('alone');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) => (call.path === path ? failure : honest()));
  await harness.register(orderId, '10');
  const order = await readUntil(
    async () => {
      await settledOrder('sent');
      return besideOthers(orderId);
    },
    ({ attention }) => attention !== null,
  );
  expect(order.attention_code).toBe('attempts_failed');
  expect(order.attention).toMatch(reason);
  outside.intercept_of.clear();
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null, attention_code: null });
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '10.0000' }]);
});

test('an order that cannot be decided on needs attention, and settles by itself once it can', async () => {
  const orderId = newOrderId('undecided');
  harness.outside.addInvoice(orderId);
  harness.outside.on_accept = 'stay';
  await harness.register(orderId, '10');
  await readUntil(
    () => harness.operations(orderId),
    (operations) => operations.length === 1,
  );
  const breaks = (amount: string) =>
    harness.database.pool.query(
      `UPDATE cashback.operations SET reward = jsonb_build_array(jsonb_build_object('source', 'user', 'amount', $2::text))
       WHERE order_id = $1`,
      [orderId, amount],
    );
  await breaks('ten');
  // Due again at once, instead of after its lease.
  const order = await readUntil(
    async () => {
      await harness.database.pool.query(
        'UPDATE cashback.order_clears SET poll_at = now() WHERE order_id = $1 AND attention IS NULL',
        [orderId],
      );
      return besideOthers(orderId);
    },
    ({ attention }) => attention !== null,
  );
  expect(order).toMatchObject({ attention_code: 'attempts_failed', settled_revision: 0 });
  expect(order.attention).toMatch(/^the worker cannot process it: /);
  await breaks('10.0000');
  harness.outside.on_accept = 'success';
  harness.outside.finish(orderId, 'success');
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null, attention_code: null });
});

test('an outage of transactions never causes attention', async () => {
  const { outside } = harness;
  const ids = Array.from({ length: 3 }, () => newOrderId('all'));
  for (const orderId of ids) outside.addInvoice(orderId);
  outside.intercept = () => failure;
  for (const orderId of ids) await harness.register(orderId, '10');
  const asked = outside.calls.length;
  await readUntil(
    () => outside.calls.length,
    (calls) => calls > asked + 12,
  );
  for (const orderId of ids) expect(await harness.order(orderId)).toMatchObject({ attention: null });
  outside.intercept = undefined;
  for (const orderId of ids) await harness.untilSettled(orderId);
});
