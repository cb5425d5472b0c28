import { randomUUID } from 'node:crypto';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

let harness: Harness;
let real: RealTransactions;

beforeAll(async () => {
  harness = await createHarness();
  real = await startRealTransactions(harness.test_database.url);
});
afterAll(async () => {
  await harness?.stopWorkers();
  await real?.stop();
  await harness?.stop();
});

async function cashbackOf(invoice_id: string) {
  return (await real.post(real.transactions, '/v2/invoice/retrieve', { invoice_id })).body.cashback;
}

test('a settled order that another caller changes is found by the feed, and carries its target again', async () => {
  const orderId = newOrderId('foreign');
  const wallet_id = `wallet-${orderId}`;
  await real.createInvoice(orderId, wallet_id);
  await harness.startWorker({
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    cashback_feed_interval_ms: 100,
  });
  await harness.register(orderId, '5', { wallet_id });
  await harness.untilSettled(orderId);

  const { version } = await cashbackOf(orderId);
  const { status } = await real.post(real.transactions, '/update/cashback', {
    invoice_id: orderId,
    operation_id: randomUUID(),
    version,
    user_id: 'user-1',
    wallet_id,
    currency: 'EUR',
    reward: [{ source: 'user', amount: '2' }],
  });
  expect(status).toBeLessThan(300);

  // The foreign operation is one version to begin and one to end; ours come after it.
  await readUntil(
    () => cashbackOf(orderId),
    (cashback) =>
      cashback.version > version + 2 &&
      cashback.status === 'success' &&
      cashback.rewarded.some(({ source, amount }) => source === 'user' && amount === '5.0000'),
  );
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toHaveLength(2);
});
