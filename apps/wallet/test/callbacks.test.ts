import { randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import {
  type Callback,
  type WalletUnderTest,
  get,
  getAsStranger,
  newCallback,
  setUpWallet,
  sendCallback,
} from './support.ts';

let wallet: WalletUnderTest;
let url: string;
beforeAll(async () => {
  wallet = await setUpWallet();
  ({ url } = await wallet.start());
});
afterAll(() => wallet.tearDown());

async function pushesOf(walletId: string) {
  const { rows } = await wallet.database.pool.query(
    'SELECT sequence::int, balance, delivered_at FROM wallet.pushes WHERE wallet_id = $1 ORDER BY sequence',
    [walletId],
  );
  return rows;
}

async function inboxOf(walletId: string) {
  const { rows } = await wallet.database.pool.query(
    'SELECT webhook_id, sequence::int, outcome FROM wallet.callback_inbox WHERE wallet_id = $1 ORDER BY received_at',
    [walletId],
  );
  return rows;
}

async function countRows(): Promise<number> {
  const { rows } = await wallet.database.pool.query(
    'SELECT (SELECT count(*) FROM wallet.callback_inbox)::int + (SELECT count(*) FROM wallet.balances)::int AS count',
  );
  return rows[0].count;
}

/** Sequences of a wallet's callbacks as they may arrive: any order, some twice, some never. */
const arrivals = fc.integer({ min: 1, max: 6 }).chain((count) => {
  const sequences = Array.from({ length: count }, (_, index) => index + 1);
  return fc.shuffledSubarray([...sequences, ...sequences], { minLength: count });
});

/** Highest so far, in the order of arrival: the sequences that a cache which only goes forward adopts. */
function adoptedOf(sequences: readonly number[]): number[] {
  return sequences.filter((sequence, index) =>
    sequences.slice(0, index).every((earlier) => earlier < sequence),
  );
}

describe("billing's callbacks of a wallet", () => {
  test('in any order, with duplicates, end at the highest sequence, and exactly those adopted are pushed', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, async (sequences) => {
        const walletId = randomUUID();
        const sent = new Map<number, Callback>();
        for (const sequence of sequences) {
          const callback = sent.get(sequence) ?? newCallback(walletId, sequence);
          sent.set(sequence, callback);
          expect((await sendCallback(url, callback)).status).toBe(204);
        }
        const highest = Math.max(...sequences);
        expect((await get(url, `/wallets/${walletId}`)).body).toEqual({
          wallet_id: walletId,
          currency: 'USD',
          balance: `${highest * 10}.0000`,
          epoch: 1,
          sequence: highest,
          updated_at: '2026-01-02T03:04:05.678Z',
        });
        const adopted = adoptedOf(sequences);
        expect((await pushesOf(walletId)).map(({ sequence }) => sequence)).toEqual(adopted);
        const inbox = await inboxOf(walletId);
        expect(inbox).toHaveLength(sent.size);
        expect(inbox.filter(({ outcome }) => outcome === 'adopted').map(({ sequence }) => sequence)).toEqual(
          adopted,
        );
      }),
      { numRuns: 25 },
    );
  });

  test('at the same moment on many connections end at the highest sequence, with a push for each that was adopted', async () => {
    for (let round = 0; round < 5; round++) {
      const walletId = randomUUID();
      const callbacks = Array.from({ length: 20 }, (_, index) => newCallback(walletId, index + 1));
      const shuffled = [...callbacks, ...callbacks].toSorted(() => Math.random() - 0.5);
      const answers = await Promise.all(shuffled.map((callback) => sendCallback(url, callback)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
      expect((await get(url, `/wallets/${walletId}`)).body).toMatchObject({
        sequence: 20,
        balance: '200.0000',
      });
      const inbox = await inboxOf(walletId);
      expect(inbox).toHaveLength(20);
      const adopted = inbox.filter(({ outcome }) => outcome === 'adopted').map(({ sequence }) => sequence);
      expect((await pushesOf(walletId)).map(({ sequence }) => sequence)).toEqual(
        adopted.toSorted((a, b) => a - b),
      );
      expect(adopted).toContain(20);
    }
  });

  test('count once per webhook id, even if a repeat says something else', async () => {
    const walletId = randomUUID();
    const first = newCallback(walletId, 1);
    await sendCallback(url, first);
    const repeat = newCallback(walletId, 2);
    expect((await sendCallback(url, { ...repeat, webhook_id: first.webhook_id })).status).toBe(204);
    expect((await get(url, `/wallets/${walletId}`)).body.sequence).toBe(1);
  });

  test('may say a balance below zero', async () => {
    const walletId = randomUUID();
    await sendCallback(url, newCallback(walletId, 1, { balance: '-0.5' }));
    expect((await get(url, `/wallets/${walletId}`)).body.balance).toBe('-0.5000');
  });

  test('may carry fields that are not known yet', async () => {
    const callback = newCallback(randomUUID(), 1);
    expect(
      (await sendCallback(url, { ...callback, body: { ...callback.body, later: true } as Callback['body'] }))
        .status,
    ).toBe(204);
  });

  test('are each delivered once they are adopted', async () => {
    const walletId = randomUUID();
    for (const sequence of [1, 2, 5]) await sendCallback(url, newCallback(walletId, sequence));
    const pushes = await readUntil(
      () => pushesOf(walletId),
      (rows) => rows.every(({ delivered_at }) => delivered_at !== null),
    );
    expect(pushes).toHaveLength(3);
  });
});

describe('a callback that is not as it must be changes nothing', () => {
  test('signed with another secret', async () => {
    const before = await countRows();
    const other = `whsec_${randomBytes(32).toString('base64')}`;
    const { status, body } = await sendCallback(url, newCallback(randomUUID(), 1), other);
    expect([status, body.error.code]).toEqual([401, 'BAD_SIGNATURE']);
    expect(await countRows()).toBe(before);
  });

  test('without a signature', async () => {
    const before = await countRows();
    const response = await fetch(`${url}/callbacks/billing`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(newCallback(randomUUID(), 1).body),
    });
    expect(response.status).toBe(401);
    expect(await countRows()).toBe(before);
  });

  test.each([
    ['balance', '1.00001', 'balance: expected'],
    ['balance', 10, 'balance: expected'],
    ['sequence', 0, 'sequence: expected'],
    ['sequence', 1.5, 'sequence: expected'],
    ['wallet_id', '', 'wallet_id: expected'],
    ['currency', 'usd', 'currency: expected'],
    ['occurred_at', 'yesterday', 'occurred_at: expected'],
    ['user_id', undefined, 'user_id: expected'],
  ])('with %s %j', async (field, value, mentioned) => {
    const before = await countRows();
    const { status, body } = await sendCallback(url, newCallback(randomUUID(), 1, { [field]: value }));
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
    expect(body.error.message).toContain(mentioned);
    expect(await countRows()).toBe(before);
  });

  test('with a webhook id that is too long', async () => {
    const callback = newCallback(randomUUID(), 1);
    const { status, body } = await sendCallback(url, { ...callback, webhook_id: 'x'.repeat(257) });
    expect([status, body.error.message]).toEqual([400, expect.stringContaining('webhook-id')]);
  });
});

describe('a wallet', () => {
  test('that billing never reported is not found', async () => {
    const { status, body } = await get(url, '/wallets/unknown');
    expect([status, body.error.code]).toEqual([404, 'WALLET_NOT_FOUND']);
    expect(body.error.message).toContain('unknown');
  });

  test.each(['/wallets/a%20b', `/wallets/${'x'.repeat(65)}`, '/wallets/a%20b/stream'])(
    'with an impossible id is refused: %s',
    async (path) => {
      const { status, body } = await get(url, path);
      expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
    },
  );

  test('is shown and streamed only to callers with the scope', async () => {
    for (const path of ['/wallets/w', '/wallets/w/stream']) {
      expect((await getAsStranger(url, path)).status).toBe(403);
      expect((await get(url, path, { authorization: 'Bearer nobody' })).status).toBe(401);
    }
  });
});
