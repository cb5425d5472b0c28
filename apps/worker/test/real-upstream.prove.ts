import type { RunningApp } from '@cashback/service';
import { freePort } from '@cashback/system/free-ports';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

let harness: Harness;
let real: RealTransactions;
let workerPort: number;

beforeAll(async () => {
  harness = await createHarness();
  workerPort = await freePort();
  const callbacks = `http://127.0.0.1:${workerPort}/callbacks/operation`;
  real = await startRealTransactions(harness.test_database.url, callbacks);
});
afterAll(async () => {
  await harness.stopWorkers();
  await real?.stop();
  await harness.stop();
});

const startWorker = (): Promise<RunningApp> =>
  harness.startWorker({
    port: workerPort,
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    sweep_grace_ms: 2_000,
    max_failures: 1_000,
  });

test('an order is settled by a callback long before its poll would be due', async () => {
  const worker = await harness.startWorker({
    port: workerPort,
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
  });
  const orderId = newOrderId('real');
  await real.createInvoice(orderId, 'wallet-real');
  await harness.register(orderId, '12.5', { wallet_id: 'wallet-real' });
  await harness.untilSettled(orderId);
  expect(await balanceOf('wallet-real')).toBe('12.5000');
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(worker.url).toContain(String(workerPort));
});

test('with a payment system that fails, loses answers and refuses, every order ends with its newest target, and no money is lost or made', async () => {
  await harness.stopWorkers();
  await real.post(real.trust, '/settings', {
    latency_ms: 20,
    failure_share: 0.1,
    lost_answer_share: 0.1,
    refusal_share: 0.1,
  });
  const wallet_id = 'wallet-faults';
  const orderIds = Array.from({ length: 10 }, () => newOrderId('faults'));
  for (const orderId of orderIds) await real.createInvoice(orderId, wallet_id);
  const targets = [
    ['10', '0'],
    ['7.25', '3'],
    ['0', '20'],
    ['15', '1.0001'],
  ] as const;

  await startWorker();
  for (const [round, [user, service]] of targets.entries()) {
    await Promise.all(
      orderIds.map((orderId) =>
        harness.register(orderId, '0', {
          wallet_id,
          cashback_by_source: [
            { source: 'user', value: user },
            { source: 'service', value: service },
          ],
        }),
      ),
    );
    // Some targets are overtaken while they are on their way, and some by another worker.
    const some = orderIds[round] ?? '';
    await readUntil(
      () => harness.operations(some),
      (rows) => rows.some(({ revision }) => revision === round + 1),
      { timeout_ms: 180_000 },
    );
    if (round === 1) {
      await harness.stopWorkers();
      await startWorker();
    }
    if (round === 2) await harness.database.pool.query('DELETE FROM cashback_jobs.job');
  }
  await readUntil(
    async () => {
      const orders = await Promise.all(orderIds.map((orderId) => harness.order(orderId)));
      return orders.filter(({ settled_revision }) => settled_revision !== targets.length).length;
    },
    (unsettled) => unsettled === 0,
    { timeout_ms: 180_000 },
  );

  const carried = [
    { source: 'user', amount: '15.0000' },
    { source: 'service', amount: '1.0001' },
  ];
  for (const orderId of orderIds) {
    const { body } = await real.post(real.transactions, '/v2/invoice/retrieve', { invoice_id: orderId });
    expect(body.cashback.status).toBe('success');
    expect(new Map(body.cashback.rewarded.map(bySource))).toEqual(new Map(carried.map(bySource)));
    expect(new Map((await harness.order(orderId)).rewarded.map(bySource))).toEqual(
      new Map(carried.map(bySource)),
    );
    // Every operation has ended, and is known to have.
    for (const { outcome } of await harness.operations(orderId)) expect(outcome).not.toBeNull();
  }
  expect(await balanceOf(wallet_id)).toBe('160.0010');
});

function bySource({ source, amount }: { source: string; amount: string }): [string, string] {
  return [source, amount];
}

async function balanceOf(walletId: string): Promise<string> {
  const response = await fetch(`${real.trust.url}/wallets/${walletId}`, {
    headers: { authorization: `Bearer ${real.token}` },
  });
  return ((await response.json()) as { balance: string }).balance;
}
