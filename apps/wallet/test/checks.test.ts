import { randomUUID } from 'node:crypto';
import { startHttpProxy } from '@cashback/proxies';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUntil, untilEqual } from '@cashback/testing';
import { claimChecks } from '../src/db/claim-checks.ts';
import { type WalletUnderTest, get, listenTo, newCallback, setUpWallet, sendCallback } from './support.ts';
import { type RealTrust, startRealTrust } from './trust.ts';

let wallet: WalletUnderTest;
let trust: RealTrust;
/** A payment system without the feed of changed balances: what is found here is found by checks. */
let trustUrl: string;
let environment: Record<string, string>;
let feedRemover: Awaited<ReturnType<typeof startHttpProxy>>;
beforeAll(async () => {
  wallet = await setUpWallet();
  trust = await startRealTrust(wallet.databaseUrl);
  feedRemover = await startHttpProxy(trust.url, async ({ path }, forward) =>
    path.startsWith('/wallets?') ? { status: 404, headers: {}, body: '{}' } : forward(),
  );
  trustUrl = feedRemover.url;
  environment = { ...trust.environment, TRUST_URL: trustUrl };
});
afterAll(async () => {
  await feedRemover.stop();
  await trust.stop();
  await wallet.tearDown();
});

const OFTEN = { CHECK_INTERVAL_MS: '100', CHECK_RETRY_MAX_MS: '1000' };

async function pushesOf(walletId: string) {
  const { rows } = await wallet.database.pool.query(
    `SELECT epoch::int, sequence::int, origin, delivered_at IS NOT NULL AS delivered
     FROM wallet.pushes WHERE wallet_id = $1 ORDER BY epoch, sequence`,
    [walletId],
  );
  return rows;
}

async function untilCached(url: string, walletId: string, expected: Record<string, unknown>): Promise<void> {
  await readUntil(
    async () => (await get(url, `/wallets/${walletId}`)).body,
    (cached) => expect.objectContaining(expected).asymmetricMatch(cached),
  );
}

async function untilDrift(walletId: string, drift: string | null): Promise<void> {
  const query = 'SELECT drift FROM wallet.balances WHERE wallet_id = $1';
  await untilEqual(async () => (await wallet.database.pool.query(query, [walletId])).rows, [{ drift }]);
}

/** As a backup would: the movements after the first ones are gone. */
async function restoreTrust(walletId: string, sequence: number): Promise<void> {
  const { pool } = wallet.database;
  await pool.query('DELETE FROM trust.wallet_movements WHERE wallet_id = $1 AND sequence > $2::bigint', [
    walletId,
    sequence,
  ]);
  await pool.query(
    'UPDATE trust.wallets SET sequence = $2::bigint, balance = $2::bigint * 10 WHERE wallet_id = $1',
    [walletId, sequence],
  );
}

describe('a balance whose callback was acknowledged and lost', () => {
  test('is in the cache after the next check, and pushed once', async () => {
    const { url, stop } = await wallet.start({ ...environment, ...OFTEN });
    const walletId = randomUUID();
    await trust.topUp(walletId, 2);
    await sendCallback(url, newCallback(walletId, 1, { epoch: 1 }));
    const listener = await listenTo(url, walletId);
    await untilCached(url, walletId, { epoch: 1, sequence: 2, balance: '20.0000' });
    await untilEqual(() => listener.sequences().at(-1), 2);
    listener.close();
    // Late after all: nothing is left of it to adopt.
    await sendCallback(url, newCallback(walletId, 2, { epoch: 1 }));
    await untilEqual(
      () => pushesOf(walletId),
      [
        { epoch: 1, sequence: 1, origin: 'callback', delivered: true },
        { epoch: 1, sequence: 2, origin: 'check', delivered: true },
      ],
    );
    await stop();
  });

  test('is found at once when a later one leaves a gap, although no check is due', async () => {
    const { url, stop } = await wallet.start(environment);
    const walletId = randomUUID();
    await trust.topUp(walletId, 4);
    await sendCallback(url, newCallback(walletId, 1));
    expect((await get(url, `/wallets/${walletId}`)).body.sequence).toBe(1);
    await sendCallback(url, newCallback(walletId, 3));
    await untilCached(url, walletId, { sequence: 4, balance: '40.0000' });
    await stop();
  });

  test('is found when its wallet is read for the first time, by any number of readers at once', async () => {
    const { url, stop } = await wallet.start(environment);
    const walletId = randomUUID();
    await trust.topUp(walletId, 3);
    const [listener, ...answers] = await Promise.all([
      listenTo(url, walletId),
      sendCallback(url, newCallback(walletId, 3)).then(() => get(url, `/wallets/${walletId}`)),
      ...Array.from({ length: 10 }, () => get(url, `/wallets/${walletId}`)),
    ]);
    for (const { status, body } of answers) {
      expect([status, body.balance, body.sequence]).toEqual([200, '30.0000', 3]);
    }
    await untilEqual(() => listener.sequences(), [3]);
    listener.close();
    expect(await pushesOf(walletId)).toHaveLength(1);
    expect((await get(url, `/wallets/${randomUUID()}`)).status).toBe(404);
    await stop();
  });
});

describe('a payment system that was restored', () => {
  test('and starts a new epoch wins over higher sequences of the old one, which never come back', async () => {
    const { url, stop } = await wallet.start({ ...environment, ...OFTEN });
    const walletId = randomUUID();
    await trust.topUp(walletId, 3);
    await sendCallback(url, newCallback(walletId, 3, await trust.newEpoch()));
    const listener = await listenTo(url, walletId);
    await restoreTrust(walletId, 1);
    const { epoch } = await trust.newEpoch();
    await untilCached(url, walletId, { epoch, sequence: 1, balance: '10.0000' });
    await untilEqual(() => listener.events.at(-1)?.id, `${epoch}:1`);
    listener.close();
    await sendCallback(url, newCallback(walletId, 5, { epoch: epoch - 1 }));
    expect((await get(url, `/wallets/${walletId}`)).body).toMatchObject({ epoch, sequence: 1 });

    const behind = await listenTo(url, walletId, '5');
    await untilEqual(() => behind.sequences(), [1]);
    behind.close();
    await untilEqual(
      () => pushesOf(walletId),
      [
        { epoch: epoch - 1, sequence: 3, origin: 'callback', delivered: true },
        { epoch, sequence: 1, origin: 'check', delivered: true },
      ],
    );
    await stop();
  });

  test('within its epoch moves no balance back, shows as drift, and agrees again by itself once it has caught up', async () => {
    const { url, stop } = await wallet.start({ ...environment, ...OFTEN });
    const walletId = randomUUID();
    await trust.topUp(walletId, 3);
    await sendCallback(url, newCallback(walletId, 3, await trust.newEpoch()));
    await restoreTrust(walletId, 2);
    await untilDrift(walletId, 'behind');
    expect((await get(url, `/wallets/${walletId}`)).body).toMatchObject({ sequence: 3, balance: '30.0000' });
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toMatchObject({ status: 'ok', checks: { drifting: 1 } });
    await trust.topUp(walletId);
    await untilDrift(walletId, null);
    await stop();
  });
});

describe('a payment system that contradicts the cache changes nothing, and shows as drift', () => {
  test('when it does not know the wallet', async () => {
    const { url, stop } = await wallet.start({ ...environment, ...OFTEN });
    const walletId = randomUUID();
    await sendCallback(url, newCallback(walletId, 1));
    await untilDrift(walletId, 'missing');
    expect((await get(url, `/wallets/${walletId}`)).body.balance).toBe('10.0000');
    await stop();
  });

  test('when it states another balance for the same sequence', async () => {
    const { url, stop } = await wallet.start({ ...environment, ...OFTEN });
    const walletId = randomUUID();
    await trust.topUp(walletId);
    await sendCallback(url, newCallback(walletId, 1, { ...(await trust.newEpoch()), balance: '11' }));
    await untilDrift(walletId, 'differs');
    expect((await get(url, `/wallets/${walletId}`)).body.balance).toBe('11.0000');
    await stop();
  });
});

describe('checks', () => {
  test('take the longest due first, within their limit, and none twice', async () => {
    const other = await setUpWallet();
    const { url, stop } = await other.start();
    const ids = ['third', 'first', 'second'];
    for (const id of ids) await sendCallback(url, newCallback(id, 1));
    await other.database.pool.query(
      `UPDATE wallet.balances SET check_at = now() - age * interval '1 minute'
       FROM (VALUES ('first', 3), ('second', 2), ('third', 1)) AS due (id, age) WHERE wallet_id = id`,
    );
    const claim = () => claimChecks(other.database, { limit: 2, lease_ms: 60_000 });
    expect((await claim()).map(({ wallet_id }) => wallet_id).toSorted()).toEqual(['first', 'second']);
    expect((await claim()).map(({ wallet_id }) => wallet_id)).toEqual(['third']);
    expect(await claim()).toEqual([]);
    await stop();
    await other.tearDown();
  });

  test('end at their deadline when no answer comes, and go on once there are answers; callbacks are taken meanwhile', async () => {
    let hangs = true;
    const proxy = await startHttpProxy(trustUrl, async (_, forward) => (hangs ? 'hang' : forward()));
    const { url, stop } = await wallet.start({
      ...environment,
      ...OFTEN,
      TRUST_URL: proxy.url,
      CHECK_TIMEOUT_MS: '1000',
    });
    const walletId = randomUUID();
    await trust.topUp(walletId, 3);
    await sendCallback(url, newCallback(walletId, 1));
    const failed = 'SELECT FROM wallet.balances WHERE wallet_id = $1 AND check_failures > 0';
    await untilEqual(async () => (await wallet.database.pool.query(failed, [walletId])).rowCount, 1);
    await sendCallback(url, newCallback(walletId, 2));
    expect((await get(url, `/wallets/${walletId}`)).body.sequence).toBe(2);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    hangs = false;
    await untilCached(url, walletId, { sequence: 3 });
    await stop();
    await proxy.stop();
  });

  test('need both the URL and the token', async () => {
    await expect(wallet.start({ TRUST_URL: trustUrl })).rejects.toThrow(
      'TRUST_TOKEN: expected with TRUST_URL',
    );
  });
});
