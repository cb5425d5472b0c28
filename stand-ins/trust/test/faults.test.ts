import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '@cashback/testing';
import { startTrust } from '../src/app.ts';
import { type TrustUnderTest, log, newBasket, newRefund, setUpTrust } from './support.ts';

let trust: TrustUnderTest;
beforeAll(async () => {
  trust = await setUpTrust();
});
afterAll(() => trust.tearDown());
beforeEach(() => trust.calm());

async function countCallbacks(): Promise<number> {
  const { rows } = await trust.database.pool.query('SELECT count(*)::int AS count FROM trust.callbacks');
  return rows[0].count;
}

describe('settings', () => {
  test('change one by one, at once, and are stored', async () => {
    await trust.set({ latency_ms: 7, refusal_share: 0.25 });
    await trust.set({ refusal_share: 0.5 });
    const { body } = await trust.get('/settings');
    expect(body).toMatchObject({ latency_ms: 7, refusal_share: 0.5, failure_share: 0 });
    expect((await trust.post('/settings', {})).body).toEqual(body);

    const other = await startTrust(trust.settings, { log });
    try {
      const response = await fetch(`${other.url}/settings`, { headers: trust.headers });
      expect(await response.json()).toEqual(body);
    } finally {
      await other.stop();
    }
  });
});

describe('with failure_share 1', () => {
  test('baskets and refunds answer 503 and do nothing; wallets and settings still answer', async () => {
    const known = newBasket();
    await trust.post('/baskets', known);
    await trust.set({ failure_share: 1 });
    const basket = newBasket();
    for (const [method, path, body] of [
      ['POST', '/baskets', basket],
      ['POST', '/refunds', newRefund(known.basket_id, '1')],
      ['GET', `/baskets/${known.basket_id}`, undefined],
      ['GET', '/refunds/unknown', undefined],
    ] as const) {
      const answer = await trust.call(method, path, body);
      expect([answer.status, answer.body.error.retryable]).toEqual([503, true]);
    }
    expect((await trust.get(`/wallets/${known.wallet_id}`)).status).toBe(200);
    await trust.set({ failure_share: 0 });
    expect((await trust.get(`/baskets/${basket.basket_id}`)).status).toBe(404);
    expect((await trust.get(`/baskets/${known.basket_id}`)).body.refunded).toBe('0.0000');
  });
});

describe('with lost_answer_share 1', () => {
  test('a basket and a refund are applied without an answer, and a repeat finds them', async () => {
    await trust.set({ lost_answer_share: 1 });
    const basket = newBasket();
    await expect(trust.post('/baskets', basket)).rejects.toThrow('fetch failed');
    const refund = newRefund(basket.basket_id, '30');
    await expect(trust.post('/refunds', refund)).rejects.toThrow('fetch failed');
    await expect(trust.get(`/baskets/${basket.basket_id}`)).rejects.toThrow('fetch failed');
    expect((await trust.get(`/wallets/${basket.wallet_id}`)).body).toMatchObject({
      balance: '70.0000',
      sequence: 2,
    });
    await trust.set({ lost_answer_share: 0 });
    expect((await trust.post('/baskets', basket)).body).toMatchObject({
      status: 'success',
      refunded: '30.0000',
    });
    expect((await trust.post('/refunds', refund)).body.status).toBe('success');
    expect((await trust.get(`/wallets/${basket.wallet_id}`)).body.sequence).toBe(2);
  });
});

describe('with answer_delay_ms', () => {
  test('the work is committed before its answer', async () => {
    await trust.set({ answer_delay_ms: 60_000 });
    const basket = newBasket();
    const caller = new AbortController();
    const answer = fetch(`${trust.trust.url}/baskets`, {
      method: 'POST',
      headers: trust.headers,
      body: JSON.stringify(basket),
      signal: caller.signal,
    });
    const answered = answer.then(
      () => true,
      () => false,
    );
    await waitUntil('moved', async () => {
      const { body } = await trust.get(`/wallets/${basket.wallet_id}`);
      return body.sequence === 1;
    });
    caller.abort();
    expect(await answered).toBe(false);
  });
});

describe("billing's callback", () => {
  test('reports every movement, signed, with the absolute balance, even if the receiver fails at first', async () => {
    trust.receiver.failNext(7);
    const walletId = randomUUID();
    const baskets = Array.from({ length: 10 }, () => newBasket({ wallet_id: walletId, amount: '10' }));
    for (const basket of baskets) await trust.post('/baskets', basket);
    const received = await trust.receiver.untilReceived(walletId, 10);
    const bySequence = received.toSorted((a, b) => a.body.sequence - b.body.sequence);
    expect(bySequence.map(({ body }) => body)).toEqual(
      baskets.map(({ basket_id }, index) => ({
        wallet_id: walletId,
        user_id: 'user-1',
        currency: 'USD',
        balance: `${(index + 1) * 10}.0000`,
        epoch: 1,
        sequence: index + 1,
        cause: basket_id,
        occurred_at: expect.any(String),
      })),
    );
    await waitUntil('delivered and deleted', async () => (await countCallbacks()) === 0);
  });

  test('reports spends and refunds as well', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const spend = { spend_id: randomUUID(), amount: '25' };
    await trust.post(`/wallets/${basket.wallet_id}/spend`, spend);
    const refund = newRefund(basket.basket_id, '80');
    await trust.post('/refunds', refund);
    const received = await trust.receiver.untilReceived(basket.wallet_id, 3);
    const balances = Object.fromEntries(received.map(({ body }) => [body.cause, body.balance]));
    expect(balances).toEqual({
      [basket.basket_id]: '100.0000',
      [spend.spend_id]: '75.0000',
      [refund.refund_id]: '-5.0000',
    });
  });

  test('is sent twice under one webhook id with duplicate_callback_share 1', async () => {
    await trust.set({ duplicate_callback_share: 1 });
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const [first, second] = await trust.receiver.untilReceived(basket.wallet_id, 2);
    expect(first).toEqual(second);
  });

  test('is overtaken by later ones with reorder_callback_share', async () => {
    const walletId = randomUUID();
    await trust.set({ reorder_callback_share: 1 });
    await Promise.all(
      Array.from({ length: 20 }, () =>
        trust.post('/baskets', newBasket({ wallet_id: walletId, amount: '1' })),
      ),
    );
    const received = await trust.receiver.untilReceived(walletId, 20);
    const sequences = received.map(({ body }) => body.sequence);
    expect(sequences).not.toEqual(sequences.toSorted((a, b) => a - b));
  });

  test('never arrives with lost_callback_share 1, and is not sent again', async () => {
    await trust.set({ lost_callback_share: 1 });
    const basket = newBasket();
    await trust.post('/baskets', basket);
    await waitUntil('delivered and deleted', async () => (await countCallbacks()) === 0);
    expect(trust.receiver.of(basket.wallet_id)).toEqual([]);
  });

  test('and the wallet itself carry the new epoch after POST /epoch', async () => {
    const basket = newBasket();
    await trust.post('/baskets', basket);
    const { epoch } = (await trust.get(`/wallets/${basket.wallet_id}`)).body;
    expect((await trust.post('/epoch', {})).body).toEqual({ epoch: epoch + 1 });
    expect((await trust.get(`/wallets/${basket.wallet_id}`)).body).toMatchObject({
      user_id: 'user-1',
      epoch: epoch + 1,
      sequence: 1,
    });
    await trust.post('/baskets', newBasket({ wallet_id: basket.wallet_id }));
    const received = await trust.receiver.untilReceived(basket.wallet_id, 2);
    expect(received.map(({ body }) => [body.epoch, body.sequence]).toSorted()).toEqual([
      [epoch, 1],
      [epoch + 1, 2],
    ]);
  });
});
