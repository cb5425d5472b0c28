import { signCallback } from '@cashback/service';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CALLBACK_SECRET, type Harness, createHarness, newOrderId, until } from './support/harness.ts';

let harness: Harness;
let url: string;

beforeAll(async () => {
  harness = await createHarness();
  // So patient that only a callback can have been what woke it.
  const worker = await harness.startWorker({ poll_base_ms: 60_000, poll_max_ms: 60_000 });
  url = worker.url ?? '';
});
beforeEach(() => {
  harness.outside.on_accept = 'stay';
});
afterAll(() => harness.stop());

async function send(body: unknown, secret = CALLBACK_SECRET): Promise<Response> {
  const text = JSON.stringify(body);
  return fetch(`${url}/callbacks/operation`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signCallback(secret, { id: 'callback-1', body: text, now: new Date() }),
    },
    body: text,
  });
}

/** An order whose operation was accepted and is not finished. */
async function orderInFlight(name: string): Promise<{ invoice_id: string; operation_id: string }> {
  const orderId = newOrderId(name);
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await until(
    () => harness.outside.cashback(orderId).operations,
    (accepted) => accepted.length === 1,
  );
  const { operation_id } = await harness.order(orderId);
  return { invoice_id: orderId, operation_id: operation_id ?? '' };
}

async function immediateJobs(orderId: string): Promise<unknown[]> {
  const { rows } = await harness.database.pool.query(
    `SELECT state FROM cashback_jobs.job WHERE singleton_key = $1 AND state < 'completed'`,
    [orderId],
  );
  return rows;
}

test('a callback wakes its order before the poll is due', async () => {
  const { outside } = harness;
  const flying = await orderInFlight('wakes');
  outside.finish(flying.invoice_id, 'success');
  const answer = await send({ ...flying, status: 'success', a_new_field: true });
  expect(answer.status).toBe(204);
  await harness.untilSettled(flying.invoice_id);
});

test('a callback is believed nothing: what it says is asked of transactions', async () => {
  const { outside } = harness;
  const flying = await orderInFlight('lies');
  const asked = outside.retrieves(flying.invoice_id);
  expect((await send({ ...flying, status: 'success' })).status).toBe(204);
  await until(
    () => outside.retrieves(flying.invoice_id),
    (count) => count > asked,
  );
  await until(
    () => immediateJobs(flying.invoice_id),
    (jobs) => jobs.length === 0,
  );
  expect(await harness.order(flying.invoice_id)).toMatchObject({
    settled_revision: 0,
    operation_id: flying.operation_id,
  });
});

test('a callback with a bad signature, or none, is refused', async () => {
  const flying = await orderInFlight('forged');
  const forged = `whsec_${Buffer.from('the secret of somebody else, as long').toString('base64')}`;
  expect((await send({ ...flying, status: 'success' }, forged)).status).toBe(401);
  const unsigned = await fetch(`${url}/callbacks/operation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...flying, status: 'success' }),
  });
  expect(unsigned.status).toBe(401);
  expect(await immediateJobs(flying.invoice_id)).toEqual([]);
});

test('a callback for an unknown order, or for an operation that is not open, is accepted and ignored', async () => {
  const unknown = { invoice_id: 'nobody-knows-it', operation_id: 'operation-1', status: 'success' };
  expect((await send(unknown)).status).toBe(204);
  expect(await immediateJobs('nobody-knows-it')).toEqual([]);
  const flying = await orderInFlight('other-operation');
  expect((await send({ ...flying, operation_id: 'another', status: 'failed' })).status).toBe(204);
  expect(await immediateJobs(flying.invoice_id)).toEqual([]);
});

test('a callback that is malformed is refused with the field that is wrong', async () => {
  const answer = await send({ invoice_id: 'order-1', operation_id: 'operation-1', status: 'perhaps' });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(await answer.json())).toContain('status');
});

test('an operation that ends after its order was given up is recorded, and settles it if it carries the target', async () => {
  const { outside, database } = harness;
  const flying = await orderInFlight('given-up');
  await database.pool.query(`UPDATE cashback.order_clears SET attention = 'given up' WHERE order_id = $1`, [
    flying.invoice_id,
  ]);
  outside.finish(flying.invoice_id, 'success');
  await send({ ...flying, status: 'success' });
  expect(await harness.untilSettled(flying.invoice_id)).toMatchObject({
    attention: null,
    operation_id: null,
  });
});

test('an operation that fails after its order was given up is recorded, and nothing new is begun', async () => {
  const { outside, database } = harness;
  const flying = await orderInFlight('given-up-failed');
  await database.pool.query(`UPDATE cashback.order_clears SET attention = 'given up' WHERE order_id = $1`, [
    flying.invoice_id,
  ]);
  outside.finish(flying.invoice_id, 'failed', 'trust_refused');
  await send({ ...flying, status: 'failed' });
  const order = await until(
    () => harness.order(flying.invoice_id),
    ({ operation_id }) => operation_id === null,
  );
  expect(order).toMatchObject({ attention: 'given up', settled_revision: 0 });
  expect(await harness.operations(flying.invoice_id)).toMatchObject([
    { outcome: 'failed', reason: 'trust_refused' },
  ]);
});

test('the health of a worker that reaches its database is good', async () => {
  const answer = await fetch(`${url}/health`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ status: 'ok', name: 'worker' });
});
