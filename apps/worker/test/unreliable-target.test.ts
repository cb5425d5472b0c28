import { readUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
  // As a release does that knows a third source.
  await write('ALTER TABLE cashback.events DROP CONSTRAINT events_source');
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.stop());

async function write(sql: string, ...parameters: unknown[]): Promise<void> {
  await harness.database.pool.query(sql, parameters);
}

function untilAttention(orderId: string) {
  return readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
}

test('an order with a source that this release does not know needs attention and does not settle', async () => {
  const orderId = newOrderId('unknown-source');
  const neighbour = newOrderId('known-source');
  for (const id of [orderId, neighbour]) harness.outside.addInvoice(id);
  await harness.register(orderId, '5');
  await harness.register(neighbour, '5');
  await write(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version) VALUES ($1, 'bank', 3, 1, 1)`,
    orderId,
  );
  await write('UPDATE cashback.order_clears SET cashback_sum = 8 WHERE order_id = $1', orderId);

  await harness.startWorker();
  expect(await untilAttention(orderId)).toMatchObject({
    settled_revision: 0,
    attention: 'unknown_source: the order has events of the source bank, which this release does not know',
  });
  expect(harness.outside.updates(orderId)).toEqual([]);
  // In one batch with it, perhaps.
  await harness.untilSettled(neighbour);
});

test('a zero target of an unknown source still prevents settling', async () => {
  const orderId = newOrderId('fallen-back');
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '5');
  await write(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
     VALUES ($1, 'bank', 3, 1, 1), ($1, 'bank', 0, 2, 1)`,
    orderId,
  );
  await harness.startWorker();
  await harness.enqueue(orderId, { order_id: orderId });
  expect(await untilAttention(orderId)).toMatchObject({
    settled_revision: 0,
    attention_code: 'unknown_source',
  });
  expect(harness.outside.updates(orderId)).toEqual([]);
});

test('an order whose newest events contradict its sum needs attention with both sums, and takes nothing back', async () => {
  const orderId = newOrderId('sum-without-events');
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '5');
  await harness.startWorker();
  await harness.untilSettled(orderId);
  await harness.stopWorkers();
  const sent = harness.outside.updates(orderId).length;

  // As a restore or an import leaves it that brings rows without their events.
  await write('DELETE FROM cashback.events WHERE order_id = $1', orderId);
  await write('UPDATE cashback.order_clears SET settled_revision = 0 WHERE order_id = $1', orderId);
  await harness.startWorker();
  await harness.enqueue(orderId, { order_id: orderId });
  expect(await untilAttention(orderId)).toMatchObject({
    settled_revision: 0,
    attention:
      'sum_contradicts_events: the order has the cashback_sum 5.0000, its newest events have 0.0000: add the missing events',
  });
  expect(harness.outside.updates(orderId)).toHaveLength(sent);
  expect(harness.outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '5.0000' }]);

  // The statement of docs/worker.md.
  await write(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version, epoch)
     SELECT order_id, 'user', cashback_sum, revision, invoice_version, (SELECT max(epoch) FROM cashback.feed_epochs)
     FROM cashback.order_clears WHERE order_id = $1`,
    orderId,
  );
  await harness.register(orderId, '5');
  const { attention } = await harness.untilSettled(orderId);
  expect(attention).toBeNull();
  expect(harness.outside.updates(orderId)).toHaveLength(sent);
});
