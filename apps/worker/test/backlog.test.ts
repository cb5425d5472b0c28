import { lockOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { signCallback } from '@cashback/service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { CALLBACK_SECRET, type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

async function sendEnd(workerUrl: string, orderId: string): Promise<void> {
  const { operation_id } = await harness.order(orderId);
  const body = JSON.stringify({ invoice_id: orderId, operation_id, status: 'success' });
  const signature = signCallback(CALLBACK_SECRET, { id: `end-of-${orderId}`, body, now: new Date() });
  const headers = { 'content-type': 'application/json', ...signature };
  const answer = await fetch(`${workerUrl}/callbacks/operation`, { method: 'POST', headers, body });
  expect(answer.status).toBe(204);
}

async function newOrders(name: string, count: number): Promise<string[]> {
  const orderIds = Array.from({ length: count }, () => newOrderId(name));
  for (const orderId of orderIds) {
    harness.outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  return orderIds;
}

test('ended operations settle before new jobs start', async () => {
  const { outside, database } = harness;
  const worker = await harness.startWorker({
    batch_size: 1,
    batch_concurrency: 1,
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
  });
  outside.on_accept = 'stay';
  const [locked = '', ...ended] = await newOrders('ended', 5);
  for (const orderId of [locked, ...ended]) {
    await readUntil(
      () => outside.cashback(orderId).operations,
      (accepted) => accepted.length === 1,
    );
    outside.finish(orderId, 'success');
  }
  const before = outside.calls.length;
  outside.on_accept = 'success';

  // A transaction that asks for this order's lock waits a second for it, twice; the other ends pile up behind it.
  const begun = await withTransaction(database, async (tx) => {
    await lockOrders(tx, [locked]);
    await sendEnd(worker.url ?? '', locked);
    for (const orderId of ended) await sendEnd(worker.url ?? '', orderId);
    const orderIds = await newOrders('begun', 3);
    for (const orderId of ended) await harness.untilSettled(orderId);
    return orderIds;
  });
  // An end that had to wait is sent again, as transactions does.
  await sendEnd(worker.url ?? '', locked);
  await harness.untilSettled(locked);
  for (const orderId of begun) {
    await readUntil(
      () => outside.updates(orderId),
      (updates) => updates.length > 0,
    );
  }

  const asked = outside.calls.slice(before).map(({ order_id }) => order_id);
  const [first = '', second = ''] = ended;
  const [, later = ''] = begun;
  expect(asked.indexOf(first)).toBeLessThan(asked.indexOf(later));
  expect(asked.indexOf(second)).toBeLessThan(asked.indexOf(later));
});
