import { randomUUID } from 'node:crypto';
import { startTcpProxy } from '@cashback/proxies';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUntil, waitUntil } from '@cashback/testing';
import {
  type WalletUnderTest,
  get,
  listenTo,
  newCallback,
  openStream,
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

async function sendUpTo(walletId: string, from: number, to: number, at = url): Promise<void> {
  for (let sequence = from; sequence <= to; sequence++)
    await sendCallback(at, newCallback(walletId, sequence));
}

/** From here on a new stream receives later balances alone. */
async function untilDelivered(walletId: string): Promise<void> {
  await waitUntil('delivered', async () => {
    const { rows } = await wallet.database.pool.query(
      'SELECT FROM wallet.pushes WHERE wallet_id = $1 AND delivered_at IS NULL',
      [walletId],
    );
    return rows.length === 0;
  });
}

function upTo(to: number, from = 1): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('a listener', () => {
  test('gets every balance that is adopted, in order, and none that is superseded', async () => {
    const walletId = randomUUID();
    const listener = await listenTo(url, walletId);
    await sendUpTo(walletId, 1, 15);
    await sendCallback(url, newCallback(walletId, 3));
    await sendUpTo(walletId, 16, 30);
    await listener.received(30);
    expect(listener.sequences()).toEqual(upTo(30));
    expect(listener.events[0]).toEqual({
      wallet_id: walletId,
      currency: 'USD',
      balance: '10.0000',
      epoch: 1,
      sequence: 1,
      updated_at: '2026-01-02T03:04:05.678Z',
      silent: true,
      id: '1',
    });
    listener.close();
  });

  test('gets the current balance at once, and nothing of other wallets', async () => {
    const walletId = randomUUID();
    await sendUpTo(walletId, 1, 4);
    await untilDelivered(walletId);
    const listener = await listenTo(url, walletId);
    await listener.received(4);
    expect(listener.sequences()).toEqual([4]);
    await sendCallback(url, newCallback(randomUUID(), 9));
    await sendCallback(url, newCallback(walletId, 5));
    await listener.received(5);
    expect(listener.sequences()).toEqual([4, 5]);
    listener.close();
  });

  test('that reconnects with Last-Event-ID gets only what is newer', async () => {
    const walletId = randomUUID();
    await sendUpTo(walletId, 1, 5);
    await untilDelivered(walletId);
    const upToDate = await listenTo(url, walletId, '5');
    const behind = await listenTo(url, walletId, '3');
    await behind.received(5);
    expect(behind.sequences()).toEqual([5]);
    await sendCallback(url, newCallback(walletId, 6));
    await behind.received(6);
    expect(behind.sequences()).toEqual([5, 6]);
    await upToDate.received(6);
    expect(upToDate.sequences()).toEqual([6]);
    upToDate.close();
    behind.close();
  });

  test('with a Last-Event-ID that is none of ours is answered with the reason', async () => {
    const { status, body } = await get(url, '/wallets/w/stream', { 'last-event-id': 'abc' });
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
    expect(body.error.message).toContain('Last-Event-ID');
  });

  test('receives comments that keep its connection open', async () => {
    const { type, body } = await openStream(url, randomUUID());
    expect(type).toBe('text/event-stream');
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let received = '';
    while (!received.includes(':keep-alive')) {
      const { value, done } = await reader.read();
      expect(done).toBe(false);
      received += value;
    }
    await reader.cancel();
  });

  test('beyond the limit is refused, until another leaves', async () => {
    const { url: small } = await wallet.start({ MAX_LISTENERS: '2' });
    const walletId = randomUUID();
    const [first, second] = [await openStream(small, walletId), await openStream(small, walletId)];
    const refused = await get(small, `/wallets/${walletId}/stream`);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'OVERLOADED']);
    await first.body.cancel();
    const third = await readUntil(() => openStream(small, walletId).catch(() => undefined));
    await third.body.cancel();
    await second.body.cancel();
  });
});

describe('several processes', () => {
  test('push to a listener, whichever of them received the callback', async () => {
    const { url: other } = await wallet.start();
    const walletId = randomUUID();
    const listeners = [await listenTo(url, walletId), await listenTo(other, walletId)];
    for (const sequence of upTo(20))
      await sendCallback(sequence % 2 === 0 ? url : other, newCallback(walletId, sequence));
    for (const listener of listeners) {
      await listener.received(20);
      expect(listener.sequences()).toEqual(upTo(20));
      listener.close();
    }
  });

  test('of which one stops: its streams end, and their clients go on at another without a gap', async () => {
    const walletId = randomUUID();
    const first = await wallet.start();
    // Another program could take the port of a stopped process before the next one listens there.
    const proxy = await startTcpProxy(first.url);
    const listener = await listenTo(proxy.url.replace(/\/$/, ''), walletId);
    await sendUpTo(walletId, 1, 3);
    await listener.received(3);
    await first.stop();
    await sendUpTo(walletId, 4, 5);
    const next = await wallet.start();
    proxy.setTarget(next.url);
    await listener.received(5);
    expect(listener.sequences().slice(-2)).toEqual([3, 5]);
    expect(listener.requests()).toBeGreaterThan(1);
    listener.close();
    await proxy.stop();
  });

  test('that lost the connection they receive pushes over publish what they missed', async () => {
    const walletId = randomUUID();
    const listener = await listenTo(url, walletId);
    await sendCallback(url, newCallback(walletId, 1));
    await listener.received(1);
    expect(listener.sequences()).toEqual([1]);
    await wallet.database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wallet-pushes' AND datname = current_database()",
    );
    await sendCallback(url, newCallback(walletId, 2));
    await listener.received(2);
    expect(listener.sequences()).toEqual([1, 2]);
    await sendCallback(url, newCallback(walletId, 3));
    await listener.received(3);
    expect(listener.sequences()).toEqual([1, 2, 3]);
    listener.close();
  });
});

describe('a process that loses its database', () => {
  test('answers that it is unavailable, keeps its streams, and sends them what they missed once it is back', async () => {
    const proxy = await startTcpProxy(wallet.databaseUrl);
    const cutOff = await wallet.start({ DATABASE_URL: proxy.url });
    const walletId = randomUUID();
    await sendCallback(url, newCallback(walletId, 1));
    await untilDelivered(walletId);
    // A balance that was delivered before comes only from the read that opens the stream: when it is here, that read
    // is over. A cut during it ends the stream on purpose, and its client reconnects.
    const listener = await listenTo(cutOff.url, walletId);
    await listener.received(1);
    expect(listener.sequences()).toEqual([1]);

    proxy.cut();
    const { status, body } = await get(cutOff.url, `/wallets/${walletId}`);
    expect([status, body.error.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    const answer = await sendCallback(cutOff.url, newCallback(walletId, 9));
    expect([answer.status, answer.body.error.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect((await fetch(`${cutOff.url}/health`)).status).toBe(503);
    await sendUpTo(walletId, 2, 3);

    proxy.restore();
    await listener.received(3);
    await sendCallback(url, newCallback(walletId, 4));
    await listener.received(4);
    expect(listener.requests()).toBe(1);
    listener.close();
    await cutOff.stop();
    await proxy.stop();
  });
});

describe('the sweeper', () => {
  test('delivers pushes whose jobs were lost', async () => {
    const walletId = randomUUID();
    const listener = await listenTo(url, walletId);
    await wallet.database.pool.query(
      `INSERT INTO wallet.pushes (wallet_id, sequence, currency, balance, updated_at)
       SELECT $1, sequence, 'USD', sequence, now() FROM generate_series(1, 3) AS sequence`,
      [walletId],
    );
    await listener.received(3);
    expect(listener.sequences()).toEqual([1, 2, 3]);
    const { rows } = await wallet.database.pool.query(
      'SELECT FROM wallet.pushes WHERE wallet_id = $1 AND delivered_at IS NULL',
      [walletId],
    );
    expect(rows).toEqual([]);
    listener.close();
  });

  test('lets callbacks go when they are older than the retention, and only those', async () => {
    const walletId = randomUUID();
    await sendUpTo(walletId, 1, 2);
    await wallet.database.pool.query(
      "UPDATE wallet.callback_inbox SET received_at = now() - interval '31 days' WHERE wallet_id = $1 AND sequence = 1",
      [walletId],
    );
    const left = await readUntil(
      async () => {
        const { rows } = await wallet.database.pool.query(
          'SELECT sequence::int FROM wallet.callback_inbox WHERE wallet_id = $1',
          [walletId],
        );
        return rows;
      },
      ({ length }) => length < 2,
    );
    expect(left).toEqual([{ sequence: 2 }]);
  });
});
