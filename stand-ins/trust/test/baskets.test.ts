import { formatAmount, parseAmount } from '@cashback/contract';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTrust } from '../src/app.ts';
import { type TrustUnderTest, log, newBasket, newRefund, setUpTrust } from './support.ts';

let trust: TrustUnderTest;
beforeAll(async () => {
  trust = await setUpTrust();
});
afterAll(() => trust.tearDown());
beforeEach(() => trust.calm());

async function movementsOf(walletId: string) {
  const { rows } = await trust.database.pool.query(
    'SELECT sequence::int, kind, amount, cause, balance_after FROM trust.wallet_movements WHERE wallet_id = $1 ORDER BY sequence',
    [walletId],
  );
  return rows;
}

describe('a basket', () => {
  test('tops up its wallet once, however often it is repeated', async () => {
    const basket = newBasket({ amount: '12.5' });
    const first = await trust.post('/baskets', basket);
    expect(first).toEqual({
      status: 200,
      body: { ...basket, amount: '12.5000', refunded: '0.0000', status: 'success', reason: null },
    });
    const repeats = await Promise.all(
      Array.from({ length: 10 }, () => trust.post('/baskets', { ...basket, amount: '12.5000' })),
    );
    for (const repeat of repeats) expect(repeat).toEqual(first);
    expect(await movementsOf(basket.wallet_id)).toEqual([
      { sequence: 1, kind: 'topup', amount: '12.5000', cause: basket.basket_id, balance_after: '12.5000' },
    ]);
  });

  test('is created once when several connections send the same call concurrently', async () => {
    const basket = newBasket();
    const answers = await Promise.all(Array.from({ length: 12 }, () => trust.post('/baskets', basket)));
    for (const { status, body } of answers) expect([status, body.status]).toEqual([200, 'success']);
    expect(await movementsOf(basket.wallet_id)).toHaveLength(1);
  });

  test('is pending until the latency has passed, and then its wallet has the money', async () => {
    await trust.set({ latency_ms: 600_000 });
    const basket = newBasket();
    expect((await trust.post('/baskets', basket)).body.status).toBe('pending');
    expect((await trust.post('/baskets', basket)).body.status).toBe('pending');
    expect((await trust.get(`/wallets/${basket.wallet_id}`)).status).toBe(404);
    await trust.set({ latency_ms: 1 });
    expect((await trust.untilEnded(`/baskets/${basket.basket_id}`)).status).toBe('success');
    const { body } = await trust.get(`/wallets/${basket.wallet_id}`);
    expect(body).toMatchObject({ balance: '100.0000', sequence: 1, currency: 'USD' });
  });

  test('that is refused says why, moves nothing, and keeps its end', async () => {
    await trust.set({ refusal_share: 1 });
    const basket = newBasket();
    const refused = await trust.post('/baskets', basket);
    expect(refused.body).toMatchObject({ status: 'failed', reason: expect.stringContaining('refused') });
    await trust.set({ refusal_share: 0 });
    expect(await trust.post('/baskets', basket)).toEqual(refused);
    expect(await trust.get(`/baskets/${basket.basket_id}`)).toEqual(refused);
    expect(await movementsOf(basket.wallet_id)).toEqual([]);
  });

  test.each([
    ['wallet_id', 'other-wallet'],
    ['user_id', 'user-2'],
    ['currency', 'EUR'],
    ['amount', '100.0001'],
    ['source', 'service'],
    ['order_id', 'order-2'],
  ])('repeated with another %s is a conflict that names it', async (field, value) => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const { status, body } = await trust.post('/baskets', { ...basket, [field]: value });
    expect([status, body.error.code]).toEqual([409, 'BASKET_BODY_MISMATCH']);
    expect(Object.keys(body.error.details.differences)).toEqual([field]);
    expect(body.error.message).toContain(value);
    expect(await movementsOf(basket.wallet_id)).toHaveLength(1);
  });

  test.each([
    ['user_id', 'user-2'],
    ['currency', 'EUR'],
  ])(
    "with another %s than its wallet's is refused with the field, and kept as failed",
    async (field, value) => {
      const first = newBasket();
      await trust.post('/baskets', first);
      const second = newBasket({ wallet_id: first.wallet_id, [field]: value });
      const { status, body } = await trust.post('/baskets', second);
      expect([status, body.error.code, body.error.details.field]).toEqual([422, 'PAYEE_MISMATCH', field]);
      const kept = await trust.get(`/baskets/${second.basket_id}`);
      expect(kept.body).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(`^PAYEE_MISMATCH: .+${field}.+, got ${value}`),
      });
      expect(await trust.post('/baskets', second)).toEqual(kept);
    },
  );

  test('that would make the balance larger than the wire can carry fails, and blocks no other', async () => {
    const wallet = { wallet_id: randomUUID(), amount: '999999999999.9999' };
    const first = newBasket(wallet);
    await trust.post('/baskets', first);
    await trust.database.pool.query(
      'UPDATE trust.wallets SET balance = 999999999999999 WHERE wallet_id = $1',
      [wallet.wallet_id],
    );
    const { body } = await trust.post('/baskets', newBasket(wallet));
    expect(body).toMatchObject({ status: 'failed', reason: expect.stringContaining('too large') });
  });
});

describe('a refund', () => {
  test('takes back money once, however often it is repeated, and its basket states what is refunded', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const refund = newRefund(basket.basket_id, '40');
    const first = await trust.post('/refunds', refund);
    expect(first.body).toEqual({
      ...refund,
      amount: '40.0000',
      wallet_policy: 'go_negative',
      status: 'success',
      reason: null,
      taken: null,
    });
    expect(await trust.post('/refunds', refund)).toEqual(first);
    expect(await trust.get(`/refunds/${refund.refund_id}`)).toEqual(first);
    expect((await trust.get(`/baskets/${basket.basket_id}`)).body.refunded).toBe('40.0000');
    expect((await movementsOf(basket.wallet_id)).at(-1)).toEqual({
      sequence: 2,
      kind: 'refund',
      amount: '40.0000',
      cause: refund.refund_id,
      balance_after: '60.0000',
    });
    // The repeat is answered as well when the basket has nothing left to refund.
    await trust.post('/refunds', newRefund(basket.basket_id, '60'));
    expect(await trust.post('/refunds', refund)).toEqual(first);
  });

  test('counts for its own basket only', async () => {
    const [basket, other] = [newBasket(), newBasket()];
    await trust.post('/baskets', basket);
    await trust.post('/baskets', other);
    await trust.post('/refunds', newRefund(basket.basket_id, '40'));
    expect((await trust.get(`/baskets/${basket.basket_id}`)).body.refunded).toBe('40.0000');
    expect((await trust.get(`/baskets/${other.basket_id}`)).body.refunded).toBe('0.0000');
  });

  test('beyond what the basket still holds is refused, pending refunds counted', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    await trust.set({ latency_ms: 600_000 });
    expect((await trust.post('/refunds', newRefund(basket.basket_id, '99.9999'))).body.status).toBe(
      'pending',
    );
    const { status, body } = await trust.post('/refunds', newRefund(basket.basket_id, '0.0002'));
    expect([status, body.error.code, body.error.details.holds]).toEqual([
      422,
      'REFUND_EXCEEDS_BASKET',
      '0.0001',
    ]);
    expect((await trust.post('/refunds', newRefund(basket.basket_id, '0.0001'))).status).toBe(200);
  });

  test('that was refused is kept as failed, and moves nothing when it is repeated', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const refund = newRefund(basket.basket_id, '100.0001');
    expect((await trust.post('/refunds', refund)).body.error.code).toBe('REFUND_EXCEEDS_BASKET');
    const kept = await trust.get(`/refunds/${refund.refund_id}`);
    expect(kept.body).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching('^REFUND_EXCEEDS_BASKET: '),
    });
    expect(await trust.post('/refunds', refund)).toEqual(kept);
    expect(await movementsOf(basket.wallet_id)).toHaveLength(1);
  });

  test('that failed leaves its amount in the basket', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    await trust.set({ refusal_share: 1 });
    expect((await trust.post('/refunds', newRefund(basket.basket_id, '100'))).body.status).toBe('failed');
    await trust.set({ refusal_share: 0 });
    expect((await trust.post('/refunds', newRefund(basket.basket_id, '100'))).body.status).toBe('success');
  });

  test.each(['pending', 'failed'])('of a %s basket is refused', async (status) => {
    await trust.set(status === 'failed' ? { refusal_share: 1 } : { latency_ms: 600_000 });
    const basket = newBasket();
    expect((await trust.post('/baskets', basket)).body.status).toBe(status);
    const { status: answered, body } = await trust.post('/refunds', newRefund(basket.basket_id, '1'));
    expect([answered, body.error.code]).toEqual([422, 'REFUND_EXCEEDS_BASKET']);
    expect(body.error.message).toContain(status);
  });

  test('repeated with another amount or basket is a conflict', async () => {
    const [basket, other] = [newBasket(), newBasket()];
    await trust.post('/baskets', basket);
    await trust.post('/baskets', other);
    const refund = newRefund(basket.basket_id, '40');
    await trust.post('/refunds', refund);
    const changes = [
      { amount: '41' },
      { basket_id: other.basket_id },
      { basket_id: 'unknown' },
      { wallet_policy: 'fail' },
    ];
    for (const change of changes) {
      const { status, body } = await trust.post('/refunds', { ...refund, ...change });
      expect([status, body.error.code]).toEqual([409, 'BASKET_BODY_MISMATCH']);
    }
  });

  test('may take a wallet below zero when the money was spent', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    await trust.post(`/wallets/${basket.wallet_id}/spend`, { spend_id: randomUUID(), amount: '70' });
    await trust.post('/refunds', newRefund(basket.basket_id, '100'));
    expect((await trust.get(`/wallets/${basket.wallet_id}`)).body.balance).toBe('-70.0000');
  });

  test('concurrent with others of one basket never exceeds it', async () => {
    for (const latency_ms of [0, 1]) {
      await trust.set({ latency_ms: 0 });
      const basket = newBasket({ amount: '10' });
      await trust.post('/baskets', basket);
      await trust.set({ latency_ms });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => trust.post('/refunds', newRefund(basket.basket_id, '3'))),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      expect(answers.filter(({ status }) => status === 422)).toHaveLength(17);
      for (const { status, body } of answers) {
        if (status === 200) await trust.untilEnded(`/refunds/${body.refund_id}`);
      }
      expect(await movementsOf(basket.wallet_id)).toHaveLength(4);
      expect((await movementsOf(basket.wallet_id)).at(-1).balance_after).toBe('1.0000');
    }
  });
});

describe('a wallet', () => {
  test('numbers its movements without gaps, and each balance follows from the one before', async () => {
    // Two processes settle concurrently.
    const other = await startTrust(trust.settings, { log });
    const walletId = randomUUID();
    await trust.set({ latency_ms: 1 });
    const baskets = Array.from({ length: 30 }, (_, index) =>
      newBasket({ wallet_id: walletId, amount: `${index + 1}.25` }),
    );
    await Promise.all(baskets.map((basket) => trust.post('/baskets', basket)));
    await Promise.all(baskets.map(({ basket_id }) => trust.untilEnded(`/baskets/${basket_id}`)));
    await trust.set({ latency_ms: 0 });
    await Promise.all([
      ...baskets
        .slice(0, 15)
        .map(({ basket_id, amount }) => trust.post('/refunds', newRefund(basket_id, amount))),
      ...Array.from({ length: 10 }, () =>
        trust.post(`/wallets/${walletId}/spend`, { spend_id: randomUUID(), amount: '0.5' }),
      ),
    ]);
    const movements = await movementsOf(walletId);
    expect(movements.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 55 }, (_, index) => index + 1),
    );
    let balance = 0n;
    for (const { kind, amount, balance_after } of movements) {
      balance += kind === 'topup' ? parseAmount(amount) : -parseAmount(amount);
      expect(balance_after).toBe(formatAmount(balance));
    }
    const { body } = await trust.get(`/wallets/${walletId}`);
    expect(body).toMatchObject({ balance: movements.at(-1).balance_after, sequence: 55 });
    await other.stop();
  });

  test('is spent from once per spend id, and never below zero', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const path = `/wallets/${basket.wallet_id}/spend`;
    const spend = { spend_id: randomUUID(), amount: '60' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => trust.post(path, spend)));
    for (const { status, body } of answers) expect([status, body.balance]).toEqual([200, '40.0000']);
    const tooLarge = await trust.post(path, { spend_id: randomUUID(), amount: '40.0001' });
    expect([tooLarge.status, tooLarge.body.error.code]).toEqual([422, 'SPEND_EXCEEDS_BALANCE']);
    const changed = await trust.post(path, { ...spend, amount: '1' });
    expect([changed.status, changed.body.error.code]).toEqual([409, 'BASKET_BODY_MISMATCH']);
  });

  test('is spent from once when two concurrent calls use one spend id for two wallets', async () => {
    for (let round = 0; round < 5; round++) {
      const baskets = [newBasket(), newBasket()];
      await Promise.all(baskets.map((basket) => trust.post('/baskets', basket)));
      const spend = { spend_id: randomUUID(), amount: '1' };
      const answers = await Promise.all(
        baskets.map(({ wallet_id }) => trust.post(`/wallets/${wallet_id}/spend`, spend)),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    }
  });

  test.each(['UPDATE trust.wallet_movements SET amount = 1', 'DELETE FROM trust.wallet_movements'])(
    'has a ledger that the app itself cannot change: %s is refused',
    async (statement) => {
      await expect(trust.database.pool.query(statement)).rejects.toThrow('permission denied');
    },
  );

  test.each(['SET amount = 1', "SET wallet_id = 'mine'"])(
    'has baskets that the app itself cannot change: %s is refused',
    async (change) => {
      await expect(trust.database.pool.query(`UPDATE trust.baskets ${change}`)).rejects.toThrow(
        'permission denied',
      );
    },
  );
});

describe('an invalid call', () => {
  test.each([
    ['POST', '/baskets', { ...newBasket(), amount: '0.0000' }, 400, 'BAD_REQUEST', 'an amount above'],
    ['POST', '/baskets', { ...newBasket(), amount: 5 }, 400, 'BAD_REQUEST', 'amount: expected'],
    ['POST', '/baskets', { ...newBasket(), amount: '1.00001' }, 400, 'BAD_REQUEST', 'amount: expected'],
    ['POST', '/baskets', { ...newBasket(), source: 'bank' }, 400, 'BAD_REQUEST', 'source'],
    ['POST', '/baskets', { ...newBasket(), extra: 1 }, 400, 'BAD_REQUEST', 'extra'],
    ['POST', '/baskets', { ...newBasket(), wallet_id: "a'b" }, 400, 'BAD_REQUEST', 'wallet_id'],
    ['POST', '/baskets', {}, 400, 'BAD_REQUEST', 'basket_id'],
    ['POST', '/refunds', newRefund('unknown', '1'), 404, 'BASKET_NOT_FOUND', 'unknown'],
    ['POST', '/refunds', newRefund('unknown', '-1'), 400, 'BAD_REQUEST', 'amount'],
    ['GET', '/baskets/unknown', undefined, 404, 'BASKET_NOT_FOUND', 'unknown'],
    ['GET', '/refunds/unknown', undefined, 404, 'REFUND_NOT_FOUND', 'unknown'],
    ['GET', '/wallets/unknown', undefined, 404, 'WALLET_NOT_FOUND', 'unknown'],
    ['GET', '/wallets/a%20b', undefined, 400, 'BAD_REQUEST', 'id: expected'],
    ['POST', '/wallets/unknown/spend', { spend_id: 's', amount: '1' }, 404, 'WALLET_NOT_FOUND', 'unknown'],
    ['POST', '/settings', { failure_share: 1.5 }, 400, 'BAD_REQUEST', 'failure_share'],
    ['POST', '/settings', { latency: 5 }, 400, 'BAD_REQUEST', 'latency'],
    ['POST', '/settings', { latency_ms: 600_001 }, 400, 'BAD_REQUEST', 'latency_ms'],
  ])('%s %s %j is answered %i %s', async (method, path, body, status, code, mentioned) => {
    const answer = await trust.call(method, path, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toContain(mentioned);
  });

  test('without the scope is refused', async () => {
    for (const [method, path] of [
      ['GET', '/settings'],
      ['POST', '/baskets'],
      ['POST', '/wallets/w/spend'],
    ] as const) {
      const answer = await trust.call(method, path, method === 'POST' ? {} : undefined, trust.walletsToken);
      expect([answer.status, answer.body.error.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await trust.call('GET', '/wallets/w', undefined, 'unknown-token')).status).toBe(401);
  });
});
