import { chargeKey } from '@cashback/cashback-db';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  await harness.startWorker();
});
afterEach(() => {
  harness.outside.intercept = undefined;
  harness.outside.on_accept = 'success';
  harness.outside.fail_reason = undefined;
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

test('a registered order is rewarded its target by one operation, and settled', async () => {
  const { outside } = harness;
  const orderId = newOrderId('settles');
  outside.addInvoice(orderId);
  await harness.register(orderId, '100', {
    cashback_by_source: [
      { source: 'user', value: '70.5' },
      { source: 'service', value: '29.5' },
    ],
  });
  const order = await harness.untilSettled(orderId);

  const reward = [
    { source: 'user', amount: '70.5000' },
    { source: 'service', amount: '29.5000' },
  ];
  expect(order).toMatchObject({ settled_revision: 1, operation_id: null, rewarded: reward, attention: null });
  expect(outside.cashback(orderId).rewarded).toEqual(reward);
  expect(await harness.operations(orderId)).toMatchObject([
    { revision: 1, version: 0, reward, outcome: 'applied', reason: null, rewarded: reward },
  ]);
  const bodies = outside.updates(orderId);
  expect(new Set(bodies.map((body) => body.operation_id)).size).toBe(1);
  expect(bodies[0]).toEqual({
    invoice_id: orderId,
    operation_id: expect.stringMatching(/^[\w-]{43}$/),
    version: 0,
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'EUR',
    reward,
  });
});

test('an order that carries its target already is settled without an operation', async () => {
  const { outside } = harness;
  const orderId = newOrderId('nothing-to-do');
  outside.addInvoice(orderId);
  await harness.register(orderId, '0');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toEqual([]);
});

test('a reward of an invoice that lists no operation is compared with the target, and changed from there', async () => {
  const { outside } = harness;
  const carries = (orderId: string): void => {
    outside.addInvoice(orderId);
    Object.assign(outside.cashback(orderId), {
      version: 3,
      rewarded: [{ source: 'user', amount: '4.0000' }],
    });
  };
  const [equal, other] = [newOrderId('carried-equal'), newOrderId('carried-other')];
  carries(equal);
  carries(other);
  await harness.register(equal, '4');
  await harness.register(other, '10');
  expect(await harness.untilSettled(equal)).toMatchObject({
    attention: null,
    rewarded: [{ source: 'user', amount: '4.0000' }],
  });
  expect(await harness.operations(equal)).toEqual([]);
  expect(await harness.untilSettled(other)).toMatchObject({ attention: null });
  expect(await harness.operations(other)).toMatchObject([
    { version: 3, outcome: 'applied', reward: [{ source: 'user', amount: '10.0000' }] },
  ]);
});

test('a target that changes while an operation is in flight is reached by the next operation, after the first one ended', async () => {
  const { outside } = harness;
  const orderId = newOrderId('changes');
  outside.addInvoice(orderId);
  outside.on_accept = 'stay';
  await harness.register(orderId, '100');
  await readUntil(
    () => outside.cashback(orderId).operations,
    (accepted) => accepted.length === 1,
  );
  await harness.register(orderId, '40');
  const seen = outside.retrieves(orderId);
  await readUntil(
    () => outside.retrieves(orderId),
    (count) => count > seen + 1,
  );
  expect(outside.updates(orderId)).toHaveLength(1);

  outside.on_accept = 'success';
  outside.finish(orderId, 'success');
  const order = await harness.untilSettled(orderId);
  expect(order).toMatchObject({ revision: 2, rewarded: [{ source: 'user', amount: '40.0000' }] });
  expect(await harness.operations(orderId)).toMatchObject([
    { revision: 1, outcome: 'applied', rewarded: [{ source: 'user', amount: '100.0000' }] },
    { revision: 2, outcome: 'applied', rewarded: [{ source: 'user', amount: '40.0000' }] },
  ]);
});

test('a failed operation is recorded with its reason, and another one is made', async () => {
  const { outside } = harness;
  const orderId = newOrderId('fails');
  outside.addInvoice(orderId);
  outside.on_accept = 'failed';
  outside.fail_reason = 'trust_refused';
  await harness.register(orderId, '10');
  await readUntil(
    () => harness.operations(orderId),
    (rows) => rows.filter(({ outcome }) => outcome === 'failed').length >= 2,
  );
  outside.on_accept = 'success';
  await harness.untilSettled(orderId);
  const rows = await harness.operations(orderId);
  expect(rows.at(-1)).toMatchObject({ outcome: 'applied' });
  for (const row of rows.slice(0, -1))
    expect(row).toMatchObject({ outcome: 'failed', reason: 'trust_refused' });
  expect(new Set(rows.map(({ operation_id }) => operation_id)).size).toBe(rows.length);
});

test('an order that waits for its wallet is retried slowly, and settles once the wallet has money', async () => {
  const { outside } = harness;
  const orderId = newOrderId('keeps-failing');
  outside.addInvoice(orderId);
  outside.on_accept = 'failed';
  outside.fail_reason = 'wallet_forbids_negative: would become -3.0000';
  await harness.register(orderId, '10');
  const order = await readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  expect(order).toMatchObject({ attention_code: 'wallet_forbids_negative' });
  const again = await readUntil(
    () => harness.operations(orderId),
    ({ length }) => length >= 3,
  );
  expect(again[0]).toMatchObject({ outcome: 'failed' });
  expect(await harness.order(orderId)).toMatchObject({ attention_code: 'wallet_forbids_negative' });

  outside.on_accept = 'success';
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null, attention_code: null });
});

test('a job of an order that needs attention observes it, and sends nothing before the next attempt is due', async () => {
  const { outside } = harness;
  const orderId = newOrderId('slowly');
  outside.addInvoice(orderId);
  outside.on_accept = 'failed';
  outside.fail_reason = 'wallet_forbids_negative: would become -3.0000';
  await harness.stopWorkers();
  await harness.startWorker({ attention_poll_ms: 600_000, attention_poll_max_ms: 600_000 });
  await harness.register(orderId, '10');
  await readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  const asked = outside.retrieves(orderId);
  await harness.enqueue(chargeKey(orderId), { order_id: orderId });
  await untilQueueIsEmpty();
  expect(outside.retrieves(orderId)).toBeGreaterThan(asked);
  expect(outside.updates(orderId)).toHaveLength(1);

  outside.on_accept = 'success';
  await harness.register(orderId, '11');
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
});

test('an order whose operations failed too often is tried again when the same target is registered again', async () => {
  const { outside } = harness;
  const orderId = newOrderId('resumed');
  outside.addInvoice(orderId);
  outside.on_accept = 'failed';
  outside.fail_reason = 'trust_refused';
  await harness.stopWorkers();
  await harness.startWorker({ max_failures: 2, attention_poll_ms: 600_000, attention_poll_max_ms: 600_000 });
  await harness.register(orderId, '10');
  const { attention } = await readUntil(
    () => harness.order(orderId),
    (order) => order.attention !== null,
  );
  expect(attention).toContain('2 operations of this revision failed');

  outside.on_accept = 'success';
  await harness.register(orderId, '10');
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null, revision: 1 });
  expect(await harness.operations(orderId)).toMatchObject([
    { outcome: 'failed' },
    { outcome: 'failed' },
    { outcome: 'applied' },
  ]);
});

test('a rejected operation is closed permanently, and a new one starts at once from the current invoice', async () => {
  const { outside } = harness;
  const orderId = newOrderId('rejected');
  outside.addInvoice(orderId);
  outside.intercept = (call, honest) => {
    if (call.path === '/update/cashback' && outside.updates(orderId).length === 1) {
      outside.cashback(orderId).version += 5;
    }
    return honest();
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  const [first, second] = await harness.operations(orderId);
  expect(first).toMatchObject({ version: 0, outcome: 'rejected' });
  expect(first?.reason).toContain('VERSION_MISMATCH');
  expect(second).toMatchObject({ version: 5, outcome: 'applied' });
  const sent = outside.updates(orderId).map(({ operation_id }) => operation_id);
  expect([...new Set(sent)]).toEqual([first?.operation_id, second?.operation_id]);
});

test("while another caller's operation is in flight, ours keeps its id and its body, and is sent again later", async () => {
  const { outside } = harness;
  const orderId = newOrderId('in-flight');
  outside.addInvoice(orderId);
  let refusals = 0;
  outside.intercept = (call, honest) => {
    if (call.path !== '/update/cashback' || refusals === 2) return honest();
    refusals += 1;
    return {
      status: 409,
      body: { error: { code: 'OPERATION_IN_FLIGHT', message: 'wait', retryable: true } },
    };
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  const bodies = outside.updates(orderId).map((body) => JSON.stringify(body));
  expect(bodies.length).toBeGreaterThanOrEqual(3);
  expect(new Set(bodies).size).toBe(1);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
});

test('every trigger restores a settled order that something else changed', async () => {
  const { outside } = harness;
  const reward = [{ source: 'user' as const, amount: '2.0000' }];
  for (const brings of ['an unchanged register', 'a job'] as const) {
    const orderId = newOrderId('foreign');
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
    await harness.untilSettled(orderId);
    const { version } = outside.cashback(orderId);
    const operations = [{ operation_id: 'foreign', status: 'success' as const, reward }];
    Object.assign(outside.cashback(orderId), { rewarded: reward, version: version + 2, operations });

    if (brings === 'a job') await harness.enqueue(chargeKey(orderId), { order_id: orderId });
    else await harness.register(orderId, '10');
    await readUntil(
      () => outside.cashback(orderId).rewarded,
      ([rewarded]) => rewarded?.amount === '10.0000',
    );
    await harness.untilSettled(orderId);
    expect(await harness.operations(orderId)).toMatchObject([
      { outcome: 'applied', revision: 1 },
      { outcome: 'applied', revision: 1, version: version + 2 },
    ]);
  }
});

test('a payee that transactions does not accept needs attention at once, with the field and both values', async () => {
  const fields = [{ field: 'wallet_id', expected: 'wallet-2', received: 'wallet-1' }];
  const { outside } = harness;
  const orderId = newOrderId('payee');
  outside.addInvoice(orderId);
  outside.intercept = (call, honest) =>
    call.path === '/update/cashback'
      ? {
          status: 422,
          body: {
            error: {
              code: 'PAYEE_MISMATCH',
              message: 'another wallet',
              retryable: false,
              details: { fields },
            },
          },
        }
      : honest();
  await harness.register(orderId, '10');
  const order = await readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  expect(order.attention).toContain('PAYEE_MISMATCH');
  expect(order).toMatchObject({ attention_code: 'payee_differs', attention_details: { fields } });
  expect(order.operation_id).toBeNull();
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'rejected' }]);
  expect(outside.updates(orderId)).toHaveLength(1);
});

test('jobs of other releases, with fields that are not known here, are worked on', async () => {
  const { outside } = harness;
  const orderId = newOrderId('old-job');
  outside.addInvoice(orderId);
  await harness.stopWorkers();
  await harness.register(orderId, '10');
  await harness.database.pool.query('DELETE FROM cashback_jobs.job');
  await harness.startWorker();
  await harness.enqueue(chargeKey(orderId), { order_id: orderId, events: [1, 2], service: 'yellow' });
  await harness.untilSettled(orderId);
});

test('a batch of orders is settled together, with one operation each', async () => {
  const { outside } = harness;
  const orderIds = Array.from({ length: 60 }, (_, index) => newOrderId(`batch-${index}`));
  await harness.stopWorkers();
  for (const [index, orderId] of orderIds.entries()) {
    outside.addInvoice(orderId);
    await harness.register(orderId, `${index + 1}`);
  }
  await harness.startWorker();
  for (const [index, orderId] of orderIds.entries()) {
    const { rewarded } = await harness.untilSettled(orderId);
    expect(rewarded).toEqual([{ source: 'user', amount: `${index + 1}.0000` }]);
    expect(await harness.operations(orderId)).toHaveLength(1);
  }
});

/** Every job that is due has been worked on. */
async function untilQueueIsEmpty(): Promise<void> {
  await readUntil(
    async () => {
      const { rows } = await harness.database.pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM cashback_jobs.job WHERE state < 'completed'`,
      );
      return rows[0]?.count;
    },
    (count) => count === 0,
  );
}
