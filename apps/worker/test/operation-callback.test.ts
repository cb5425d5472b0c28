import { lockOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { signCallback } from '@cashback/service';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readUntil, untilEqual, untilLockWaits } from '@cashback/testing';
import { CALLBACK_SECRET, type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;
let url: string;

beforeAll(async () => {
  harness = await createHarness();
  // So patient that only a callback can have been what woke it.
  const worker = await harness.startWorker({
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
    // A failure is seen by its test before another operation follows, and a held answer does not time out.
    failure_base_ms: 60_000,
    failure_max_ms: 60_000,
    transactions_timeout_ms: 120_000,
  });
  url = worker.url ?? '';
});
beforeEach(() => {
  harness.outside.on_accept = 'stay';
});
afterEach(() => {
  harness.outside.intercept_of.clear();
  expect(harness.outside.without_intent).toEqual([]);
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
  await readUntil(
    () => harness.outside.cashback(orderId).operations,
    (accepted) => accepted.length === 1,
  );
  const { operation_id } = await harness.order(orderId);
  return { invoice_id: orderId, operation_id: operation_id ?? '' };
}

/** By then an earlier callback has taken effect: the next one is another order's turn after it. */
async function untilTheNextTakesEffect(): Promise<void> {
  const next = await orderInFlight('next');
  harness.outside.finish(next.invoice_id, 'success');
  await send({ ...next, status: 'success' });
  await harness.untilSettled(next.invoice_id);
}

test('a callback wakes its order before the poll is due', async () => {
  const { outside } = harness;
  const flying = await orderInFlight('wakes');
  outside.finish(flying.invoice_id, 'success');
  const answer = await send({ ...flying, status: 'success', a_new_field: true });
  expect(answer.status).toBe(204);
  await harness.untilSettled(flying.invoice_id);
});

test('a callback is only a hint: its order is observed', async () => {
  const { outside } = harness;
  const flying = await orderInFlight('lies');
  const asked = outside.retrieves(flying.invoice_id);
  expect((await send({ ...flying, status: 'success' })).status).toBe(204);
  await readUntil(
    () => outside.retrieves(flying.invoice_id),
    (count) => count > asked,
  );
  await untilTheNextTakesEffect();
  expect(await harness.order(flying.invoice_id)).toMatchObject({
    settled_revision: 0,
    operation_id: flying.operation_id,
  });
  expect(await harness.operations(flying.invoice_id)).toMatchObject([{ outcome: null }]);
});

test('a callback with a bad signature, or none, is refused', async () => {
  const flying = await orderInFlight('forged');
  const forged = `whsec_${Buffer.from('the secret of another caller, as long').toString('base64')}`;
  expect((await send({ ...flying, status: 'success' }, forged)).status).toBe(401);
  const unsigned = await fetch(`${url}/callbacks/operation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...flying, status: 'success' }),
  });
  expect(unsigned.status).toBe(401);
  await untilTheNextTakesEffect();
  expect(harness.outside.retrieves(flying.invoice_id)).toBe(1);
});

test('a callback for an unknown order is ignored, one for another operation of an order triggers a run', async () => {
  const { outside } = harness;
  const unknown = { invoice_id: 'nobody-knows-it', operation_id: 'operation-1', status: 'success' };
  expect((await send(unknown)).status).toBe(204);
  const flying = await orderInFlight('other-operation');
  expect((await send({ ...flying, operation_id: 'another', status: 'failed' })).status).toBe(204);
  await untilTheNextTakesEffect();
  expect(outside.retrieves('nobody-knows-it')).toBe(0);
  await untilEqual(() => outside.retrieves(flying.invoice_id), 2);
  expect(await harness.operations(flying.invoice_id)).toMatchObject([{ outcome: null }]);
});

test('a callback that is lost changes nothing but the delay: the order is polled when its wait is over', async () => {
  const { outside, database } = harness;
  const { invoice_id } = await orderInFlight('lost');
  outside.finish(invoice_id, 'success');
  const wait = `SELECT poll_at BETWEEN now() AND now() + interval '61 seconds' AS ends FROM cashback.order_clears WHERE order_id = $1`;
  // The answer is recorded behind the acceptance.
  await untilEqual(async () => (await database.pool.query(wait, [invoice_id])).rows, [{ ends: true }]);
  await database.pool.query('UPDATE cashback.order_clears SET poll_at = now() WHERE order_id = $1', [
    invoice_id,
  ]);
  await harness.untilSettled(invoice_id);
  expect(await harness.operations(invoice_id)).toMatchObject([{ outcome: 'applied' }]);
});

test('a callback that comes ten times at once settles its order once', async () => {
  const { outside } = harness;
  const flying = await orderInFlight('tenfold');
  outside.finish(flying.invoice_id, 'success');
  const answers = await Promise.all(Array.from({ length: 10 }, () => send({ ...flying, status: 'success' })));
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(204));
  await harness.untilSettled(flying.invoice_id);
  await untilTheNextTakesEffect();
  expect(await harness.operations(flying.invoice_id)).toMatchObject([{ outcome: 'applied' }]);
  expect(outside.updates(flying.invoice_id)).toHaveLength(1);
});

test('a callback that overtakes the answer to our own request settles the order, and the answer changes nothing', async () => {
  const { outside } = harness;
  const orderId = newOrderId('early');
  outside.addInvoice(orderId);
  const applied = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  outside.intercept_of.set(orderId, async (call, honest) => {
    const answer = honest();
    if (call.path !== '/update/cashback') return answer;
    outside.finish(orderId, 'success');
    applied.resolve();
    await released.promise;
    return answer;
  });
  await harness.register(orderId, '10');
  await applied.promise;
  const { operation_id } = await harness.order(orderId);
  expect((await send({ invoice_id: orderId, operation_id, status: 'success' })).status).toBe(204);
  const settled = await harness.untilSettled(orderId);
  expect(settled).toMatchObject({ operation_id: null, attention: null });
  released.resolve();
  await untilTheNextTakesEffect();
  const { rewarded, settled_revision } = settled;
  expect(await harness.order(orderId)).toMatchObject({ rewarded, settled_revision, attention: null });
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(outside.updates(orderId)).toHaveLength(1);
});

test('callbacks of two operations of an order that come the wrong way round leave it at its newest target', async () => {
  const { outside } = harness;
  const first = await orderInFlight('reversed');
  const orderId = first.invoice_id;
  outside.finish(orderId, 'success');
  await harness.register(orderId, '25');
  const second = await readUntil(
    () => harness.order(orderId),
    ({ operation_id }) => operation_id !== null && operation_id !== first.operation_id,
  );
  await readUntil(
    () => outside.cashback(orderId).operations,
    (accepted) => accepted.length === 2,
  );
  outside.finish(orderId, 'success');
  await send({ invoice_id: orderId, operation_id: second.operation_id, status: 'success' });
  await send({ ...first, status: 'success' });
  const settled = await harness.untilSettled(orderId);
  expect(settled.rewarded).toEqual([{ source: 'user', amount: '25.0000' }]);
  const asked = outside.retrieves(orderId);
  await send({ ...first, status: 'failed' });
  await readUntil(
    () => outside.retrieves(orderId),
    (retrieves) => retrieves > asked,
  );
  const { rewarded, settled_revision, attention } = settled;
  expect(await harness.order(orderId)).toMatchObject({ rewarded, settled_revision, attention });
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
});

test('a callback for a locked order holds up no other, and takes effect once the lock is gone', async () => {
  const { outside, database } = harness;
  const [locked, other] = [await orderInFlight('kept-locked'), await orderInFlight('not-locked')];
  for (const { invoice_id } of [locked, other]) outside.finish(invoice_id, 'success');
  await withTransaction(database, async (tx) => {
    await lockOrders(tx, [locked.invoice_id]);
    const asked = outside.retrieves(locked.invoice_id);
    for (const flying of [locked, other]) await send({ ...flying, status: 'success' });
    await harness.untilSettled(other.invoice_id);
    // Its observation failed, twice at least, because of the lock.
    await readUntil(
      () => outside.retrieves(locked.invoice_id),
      (count) => count > asked + 1,
    );
  });
  await harness.untilSettled(locked.invoice_id);
});

test('callbacks of two operations of an order that wait together both take effect', async () => {
  const { outside, database } = harness;
  const first = await orderInFlight('together');
  const orderId = first.invoice_id;
  outside.finish(orderId, 'success');
  await harness.register(orderId, '25');
  await readUntil(
    () => outside.cashback(orderId).operations,
    (accepted) => accepted.length === 2,
  );
  const second = { invoice_id: orderId, operation_id: (await harness.order(orderId)).operation_id };
  outside.finish(orderId, 'success');

  // While the poller waits for this order's lock it takes no others.
  const other = { ...(await orderInFlight('locked')), status: 'success' };
  outside.finish(other.invoice_id, 'success');
  await send(other);
  await harness.untilSettled(other.invoice_id);
  await withTransaction(database, async (tx) => {
    await lockOrders(tx, [other.invoice_id]);
    await send(other);
    await untilLockWaits(database.pool);
    await send({ ...second, status: 'success' });
    await send({ ...first, status: 'success' });
  });
  await harness.untilSettled(orderId);
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

test('an operation that fails after its order was given up is recorded, and the order goes on', async () => {
  const { outside, database } = harness;
  const flying = await orderInFlight('given-up-failed');
  await database.pool.query(`UPDATE cashback.order_clears SET attention = 'given up' WHERE order_id = $1`, [
    flying.invoice_id,
  ]);
  outside.finish(flying.invoice_id, 'failed', 'trust_refused');
  await send({ ...flying, status: 'failed' });
  const order = await readUntil(
    () => harness.order(flying.invoice_id),
    ({ operation_id }) => operation_id === null,
  );
  expect(order).toMatchObject({ attention: null, settled_revision: 0 });
  expect(await harness.operations(flying.invoice_id)).toMatchObject([
    { outcome: 'failed', reason: 'trust_refused' },
  ]);
});

test('the health of a worker that reaches its database is good', async () => {
  const answer = await fetch(`${url}/health`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    status: 'ok',
    name: 'worker',
    upstreams: { transactions: { circuit: 'closed', retry_after_ms: 0, answers_since: null } },
  });
});
