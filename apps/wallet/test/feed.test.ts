import { randomUUID } from 'node:crypto';
import { startHttpProxy } from '@cashback/proxies';
import { waitUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type WalletUnderTest, newCallback, sendCallback, setUpWallet } from './support.ts';
import { type RealTrust, startRealTrust } from './trust.ts';

let wallet: WalletUnderTest;
let trust: RealTrust;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  wallet = await setUpWallet();
  trust = await startRealTrust(wallet.databaseUrl);
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
afterAll(async () => {
  await trust.stop();
  await wallet.tearDown();
});

/** No check is due while a test runs. */
async function start(overrides: Record<string, string> = {}): Promise<string> {
  const env = {
    ...trust.environment,
    FEED_INTERVAL_MS: '20',
    FEED_LAG_BOUND_MS: '0',
    CHECK_INTERVAL_MS: '2592000000',
    ...overrides,
  };
  const { url, stop } = await wallet.start(env);
  stops.push(stop);
  return url;
}

/** The cache as it is in the table: reading a wallet over its route would ask the payment system. */
async function cached(walletId: string) {
  const { rows } = await wallet.database.pool.query(
    'SELECT epoch::int, sequence::int, balance::text FROM wallet.balances WHERE wallet_id = $1',
    [walletId],
  );
  return rows[0];
}

async function pushesOf(walletId: string) {
  const text =
    'SELECT epoch::int, sequence::int, origin FROM wallet.pushes WHERE wallet_id = $1 ORDER BY epoch, sequence';
  return (await wallet.database.pool.query(text, [walletId])).rows;
}

const untilSequence = (walletId: string, sequence: number) =>
  waitUntil(`${walletId} is at ${sequence}`, async () => (await cached(walletId))?.sequence === sequence);

async function feedOf(url: string): Promise<{ state: string; caught_up_at: string | null }> {
  const health = (await (await fetch(`${url}/health`)).json()) as {
    feeds: { changed_balances: { state: string; caught_up_at: string | null } };
  };
  return health.feeds.changed_balances;
}

test('a wallet is found and pushed once when its first callbacks are lost and nothing reads it', async () => {
  const url = await start();
  const walletId = randomUUID();
  await trust.topUp(walletId);
  await untilSequence(walletId, 1);
  await trust.topUp(walletId, 2);
  await untilSequence(walletId, 3);
  expect((await cached(walletId)).balance).toBe('30.0000');
  // Late after all: nothing is left of them to adopt.
  for (const sequence of [1, 2, 3]) await sendCallback(url, newCallback(walletId, sequence, { epoch: 1 }));
  const pushes = await pushesOf(walletId);
  expect(pushes.at(-1)).toEqual({ epoch: 1, sequence: 3, origin: 'check' });
  expect(new Set(pushes.map(({ sequence }) => sequence)).size).toBe(pushes.length);
});

test('wallets that changed while no process ran are all found, page by page, by two processes at once', async () => {
  const ids = Array.from({ length: 7 }, () => randomUUID());
  for (const id of ids) await trust.topUp(id, 2);
  await Promise.all([start({ FEED_PAGE_SIZE: '2' }), start({ FEED_PAGE_SIZE: '3' })]);
  for (const id of ids) {
    await untilSequence(id, 2);
    expect(await pushesOf(id)).toEqual([{ epoch: 1, sequence: 2, origin: 'check' }]);
  }
});

test('a payment system that was restored and starts a new epoch: the feed is read again, and every balance is of that epoch', async () => {
  const url = await start();
  const ids = Array.from({ length: 3 }, () => randomUUID());
  for (const id of ids) await trust.topUp(id, 2);
  for (const id of ids) await untilSequence(id, 2);
  const text = 'UPDATE trust.wallets SET sequence = 1, balance = 10 WHERE wallet_id = ANY($1)';
  await wallet.database.pool.query(text, [ids]);
  const { epoch } = await trust.newEpoch();
  for (const id of ids) {
    await waitUntil('its balance is of the new epoch', async () => (await cached(id)).epoch === epoch);
    expect(await cached(id)).toEqual({ epoch, sequence: 1, balance: '10.0000' });
  }
  await waitUntil('it is at the end again', async () => (await feedOf(url)).state === 'following');
});

test('a payment system without the feed is left alone, and followed once it offers it', async () => {
  let offers = false;
  let asked = 0;
  const proxy = await startHttpProxy(trust.url, async ({ path }, forward) => {
    if (!path.startsWith('/wallets?')) return forward();
    asked += 1;
    return offers ? forward() : { status: 404, headers: {}, body: '{}' };
  });
  stops.push(() => proxy.stop());
  const url = await start({ TRUST_URL: proxy.url, FEED_ABSENT_MS: '86400000' });
  const walletId = randomUUID();
  await trust.topUp(walletId);
  await waitUntil('it is not offered', async () => (await feedOf(url)).state === 'not_offered');
  expect(asked).toBe(1);
  offers = true;
  const later = await start({ TRUST_URL: proxy.url });
  await untilSequence(walletId, 1);
  await waitUntil('it is followed to its end', async () => {
    const { state, caught_up_at } = await feedOf(later);
    return state === 'following' && caught_up_at !== null;
  });
});
