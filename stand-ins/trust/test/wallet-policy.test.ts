import { randomUUID } from 'node:crypto';
import { parseBalance } from '@cashback/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TrustUnderTest, newBasket, newRefund, setUpTrust } from './support.ts';

let trust: TrustUnderTest;
beforeAll(async () => {
  trust = await setUpTrust();
});
afterAll(() => trust.tearDown());
beforeEach(() => trust.calm());

/** A wallet with one basket of 100, of which `spent` is spent. */
async function spentWallet(spent: string) {
  const basket = newBasket();
  await trust.post('/baskets', basket);
  await spend(basket.wallet_id, spent);
  return basket;
}

async function spend(walletId: string, amount: string): Promise<void> {
  const { status } = await trust.post(`/wallets/${walletId}/spend`, { spend_id: randomUUID(), amount });
  expect(status).toBe(200);
}

const balanceOf = async (walletId: string) => (await trust.get(`/wallets/${walletId}`)).body.balance;
const refundOf = (basketId: string, amount: string, wallet_policy = 'fail') =>
  trust.post('/refunds', newRefund(basketId, amount, { wallet_policy }));

test.each([
  ['go_negative', '100', 'success', '-70.0000'],
  ['fail', '100', 'failed', '30.0000'],
  ['fail', '30.0001', 'failed', '30.0000'],
  ['fail', '30', 'success', '0.0000'],
  ['fail', '10', 'success', '20.0000'],
  ['take_what_is_there', '100', 'success', '0.0000'],
  ['take_what_is_there', '30', 'success', '0.0000'],
  ['take_what_is_there', '10', 'success', '20.0000'],
])(
  'in a wallet that holds 30, under the policy %s, a refund of %s ends as %s',
  async (policy, amount, status, balance) => {
    const { basket_id, wallet_id } = await spentWallet('70');
    const { body } = await refundOf(basket_id, amount, policy);
    expect(body).toMatchObject({ wallet_policy: policy, status });
    expect(await balanceOf(wallet_id)).toBe(balance);
  },
);

test('a refund that the policy refuses says what the wallet holds, stays in the basket, and another one succeeds later', async () => {
  const { basket_id, wallet_id } = await spentWallet('70');
  const { body } = await refundOf(basket_id, '40');
  expect(body.reason).toBe(
    `wallet_short: wallet ${wallet_id} holds 30.0000, less than the 40.0000 to take back`,
  );
  expect((await trust.get(`/baskets/${basket_id}`)).body.refunded).toBe('0.0000');
  await trust.post('/baskets', newBasket({ wallet_id, amount: '10' }));
  // The end of the first one is final; another one finds the money.
  const { status, reason, taken, ...request } = body;
  expect((await trust.post('/refunds', request)).body).toEqual({ ...request, status, reason, taken });
  expect((await refundOf(basket_id, '40')).body.status).toBe('success');
  expect(await balanceOf(wallet_id)).toBe('0.0000');
});

test('a wallet below zero allows no further refund under the policy fail', async () => {
  const { basket_id, wallet_id } = await spentWallet('100');
  await refundOf(basket_id, '1', 'go_negative');
  expect((await refundOf(basket_id, '0.0001')).body.status).toBe('failed');
  expect(await balanceOf(wallet_id)).toBe('-1.0000');
});

test('the policy applies when the money would move, not when the refund is requested', async () => {
  const { basket_id, wallet_id } = await spentWallet('0.0001');
  await trust.set({ latency_ms: 600_000 });
  const refund = newRefund(basket_id, '50', { wallet_policy: 'fail' });
  expect((await trust.post('/refunds', refund)).body.status).toBe('pending');
  await spend(wallet_id, '60');
  await trust.set({ latency_ms: 0 });
  expect((await trust.untilEnded(`/refunds/${refund.refund_id}`)).status).toBe('failed');
  expect(await balanceOf(wallet_id)).toBe('39.9999');
});

test.each([0, 1])(
  'concurrent refunds and spends of one wallet never take it below zero (latency %i)',
  async (latency_ms) => {
    const baskets = Array.from({ length: 8 }, () => newBasket({ wallet_id: 'x' }));
    const wallet_id = randomUUID();
    for (const basket of baskets) await trust.post('/baskets', { ...basket, wallet_id, amount: '10' });
    await trust.set({ latency_ms });
    const [refunds] = await Promise.all([
      Promise.all(baskets.map(({ basket_id }) => refundOf(basket_id, '10'))),
      Promise.all(
        Array.from({ length: 5 }, () =>
          trust.post(`/wallets/${wallet_id}/spend`, { spend_id: randomUUID(), amount: '7' }),
        ),
      ),
    ]);
    for (const { body } of refunds) await trust.untilEnded(`/refunds/${body.refund_id}`);
    const { rows } = await trust.database.pool.query(
      'SELECT balance_after FROM trust.wallet_movements WHERE wallet_id = $1',
      [wallet_id],
    );
    expect(rows.filter(({ balance_after }) => parseBalance(balance_after) < 0n)).toEqual([]);
  },
);

test('a refund that takes what is there keeps the amount it took, and its basket keeps the rest', async () => {
  const { basket_id, wallet_id } = await spentWallet('70');
  const { body } = await refundOf(basket_id, '40', 'take_what_is_there');
  expect(body).toMatchObject({ status: 'success', taken: '30.0000' });
  expect((await trust.get(`/baskets/${basket_id}`)).body.refunded).toBe('30.0000');
  const again = await refundOf(basket_id, '70', 'take_what_is_there');
  expect(again.body).toMatchObject({ status: 'success', taken: '0.0000' });
  await trust.post('/baskets', newBasket({ wallet_id, amount: '25' }));
  const { refund_id, amount, wallet_policy } = body;
  expect((await trust.post('/refunds', { refund_id, basket_id, amount, wallet_policy })).body).toEqual(body);
  expect(await balanceOf(wallet_id)).toBe('25.0000');
  expect((await refundOf(basket_id, '70', 'take_what_is_there')).body.taken).toBe('25.0000');
  expect((await trust.get(`/baskets/${basket_id}`)).body.refunded).toBe('55.0000');
  expect(await balanceOf(wallet_id)).toBe('0.0000');
});
