import { randomUUID } from 'node:crypto';
import { sumDifferences } from '@cashback/cashback-db';
import { sumParts } from '@cashback/core';
import { readUntil, untilEqual } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, type OrderRow, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

let harness: Harness;
let real: RealTransactions;

beforeAll(async () => {
  harness = await createHarness();
  real = await startRealTransactions(harness.test_database.url, undefined, {
    TRUST_TIMEOUT_MS: '5000',
    WALLET_POLICIES: JSON.stringify({ yellow: 'take_what_is_there' }),
  });
  await startWorker();
});
afterAll(async () => {
  await harness?.stopWorkers();
  await real?.stop();
  await harness?.stop();
});

const startWorker = () =>
  harness.startWorker({
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    attention_poll_ms: 200,
    attention_poll_max_ms: 200,
  });

const until = (orderId: string, isSo: (order: OrderRow) => boolean): Promise<OrderRow> =>
  readUntil(() => harness.order(orderId), isSo, { timeout_ms: 60_000 });

const isOwed = ({ attention_code }: OrderRow): boolean => attention_code === 'owed';

async function balanceOf(walletId: string): Promise<string> {
  const response = await fetch(`${real.trust.url}/wallets/${walletId}`, {
    headers: { authorization: `Bearer ${real.token}` },
  });
  return ((await response.json()) as { balance: string }).balance;
}

/** An order that carries 5, and of which 2 are spent. */
async function spentOrder(): Promise<{ orderId: string; wallet_id: string }> {
  const orderId = newOrderId('owed');
  const wallet_id = `wallet-${orderId}`;
  await real.createInvoice(orderId, wallet_id);
  await harness.register(orderId, '5', { wallet_id });
  await harness.untilSettled(orderId);
  await real.post(real.trust, `/wallets/${wallet_id}/spend`, { spend_id: randomUUID(), amount: '2' });
  return { orderId, wallet_id };
}

async function parts() {
  const { standing } = await sumDifferences(harness.database.pool, 'yellow');
  const [yellow] = sumParts(standing);
  return yellow?.parts
    .filter(({ orders }) => orders > 0)
    .map(({ part, difference }) => [part, difference[0]]);
}

test('3 of 5 are left in the wallet: 2 are owed, in a part of their own, and taken once when the wallet fills up', async () => {
  const { orderId, wallet_id } = await spentOrder();
  await harness.register(orderId, '0', { wallet_id });
  const owing = await until(orderId, isOwed);
  expect(owing).toMatchObject({
    rewarded: [{ source: 'user', amount: '2.0000' }],
    attention: 'the wallet owes 2.0000 (user) that it did not have',
    attention_details: { owed: [{ source: 'user', amount: '2.0000' }] },
  });
  expect(await balanceOf(wallet_id)).toBe('0.0000');
  // It is in another part while it is tried again.
  await untilEqual(parts, [['owed', { source: 'user', amount: '-2.0000' }]]);

  // Tried again meanwhile, by operations of their own, it stays owed, also after a restart.
  const sent = (await harness.operations(orderId)).length;
  await harness.stopWorkers();
  await startWorker();
  await readUntil(
    () => harness.operations(orderId),
    ({ length }) => length > sent + 1,
    { timeout_ms: 60_000 },
  );
  await until(orderId, isOwed);
  expect(await balanceOf(wallet_id)).toBe('0.0000');

  const other = newOrderId('filling');
  await real.createInvoice(other, wallet_id);
  await harness.register(other, '13', { wallet_id });
  expect(await harness.untilSettled(orderId)).toMatchObject({
    rewarded: [{ source: 'user', amount: '0.0000' }],
    attention: null,
    attention_code: null,
  });
  await harness.untilSettled(other);
  expect(await balanceOf(wallet_id)).toBe('11.0000');
  expect(await parts()).toBeUndefined();
});

test('a later target that is higher has no debt', async () => {
  const { orderId, wallet_id } = await spentOrder();
  await harness.register(orderId, '1', { wallet_id });
  await until(orderId, isOwed);
  await harness.register(orderId, '4', { wallet_id });
  expect(await harness.untilSettled(orderId)).toMatchObject({
    rewarded: [{ source: 'user', amount: '4.0000' }],
    attention: null,
  });
  // 3 of the 4 were there to take, so 2 stayed rewarded. The next target needs 2 more.
  expect(await balanceOf(wallet_id)).toBe('2.0000');
});
