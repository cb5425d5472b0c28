import { latestValues } from '@cashback/client';
import type { CashbackEvent } from '@cashback/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type TestServer, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.admin.pool.query('DELETE FROM cashback.feed_epochs WHERE epoch > 1');
});

/** The current end of the feed. Its horizon spans the whole database server: other tests may hold it back for a while. */
async function endOfFeed(): Promise<string> {
  const marker = registerInput();
  await server.client.register(marker);
  return readUntil(async () => {
    const { events, cursor } = await readFeed();
    return events.at(-1)?.order_id === marker.order_id && cursor;
  });
}

async function readFeed(after?: string, limit = 100): Promise<{ events: CashbackEvent[]; cursor: string }> {
  const events: CashbackEvent[] = [];
  let cursor = after ?? '';
  for await (const page of server.client.feed({ limit, ...(after !== undefined && { after }) })) {
    events.push(...page.events);
    cursor = page.cursor;
  }
  return { events, cursor };
}

/** A transaction of another session that has written one event and not committed it. */
async function openEvent(orderId: string) {
  const client = await server.admin.pool.connect();
  await client.query('BEGIN');
  await client.query(
    'INSERT INTO cashback.events (order_id, source, value, revision, invoice_version) VALUES ($1, $2, 1, 1, 1)',
    [orderId, 'user'],
  );
  return {
    commit: async () => {
      await client.query('COMMIT');
      client.release();
    },
  };
}

test('an event that commits late is not skipped: the feed waits for it', async () => {
  const start = await endOfFeed();
  const late = await openEvent('late');
  const early = registerInput();
  await server.client.register(early);

  // Younger than the open transaction: a reader that got it now would skip the late event.
  expect(await readFeed(start)).toEqual({ events: [], cursor: start });
  expect((await server.client.events({ after: start })).cursor).toBe(start);
  await late.commit();

  const events = await readUntil(async () => {
    const found = (await readFeed(start)).events;
    return found.length === 2 && found;
  });
  expect(events.map(({ order_id }) => order_id)).toEqual(['late', early.order_id]);
});

test('pages of any size hold every event once, in one order', async () => {
  const start = await endOfFeed();
  for (let round = 1; round <= 4; round++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        server.client.register(
          registerInput({ order_id: `paged-${index}`, ...values(`${round}`, `${round}`) }),
        ),
      ),
    );
  }
  await endOfFeed();
  const { rows } = await server.admin.pool.query<{ event_id: string }>(
    `SELECT event_id FROM cashback.events WHERE order_id LIKE 'paged-%' ORDER BY xact_id, event_id`,
  );
  expect(rows).toHaveLength(80);
  for (const limit of [1, 7, 80, 1000]) {
    const { events } = await readFeed(start, limit);
    const paged = events.filter(({ order_id }) => order_id.startsWith('paged-'));
    expect(paged.map(({ event_id }) => event_id)).toEqual(rows.map(({ event_id }) => event_id));
  }
});

test("the cursor of an order's events leads to its later events in the feed", async () => {
  const { order_id } = registerInput();
  await server.client.register(registerInput({ order_id, ...values('1') }));
  const known = await server.client.events({ order_id });
  await server.client.register(registerInput({ order_id, ...values('2', '3') }));

  const events = await readUntil(async () => {
    const news = (await readFeed(known.cursor)).events.filter((event) => event.order_id === order_id);
    return news.length >= 2 && news;
  });
  const newest = latestValues([...known.events, ...events]);
  expect(Object.fromEntries(newest.map(({ source, value }) => [source, value]))).toEqual({
    service: '3.0000',
    user: '2.0000',
  });
});

test('all events of an order are listed by revision and source, with ISO timestamps in milliseconds', async () => {
  const { order_id } = registerInput();
  for (let round = 1; round <= 120; round++) {
    await server.client.register(registerInput({ order_id, ...values(`${round}`, '1') }));
  }
  const { events } = await server.client.events({ order_id });
  expect(events.map(({ revision, source }) => `${revision} ${source}`)).toEqual([
    '1 service',
    ...Array.from({ length: 120 }, (_, index) => `${index + 1} user`),
  ]);
  for (const { created_at } of events) expect(new Date(created_at).toISOString()).toBe(created_at);
});

test('an order that was never registered has no events', async () => {
  expect((await server.client.events({ order_id: 'never' })).events).toEqual([]);
});

test('events from before sources existed are of user', async () => {
  await server.client.register(registerInput({ order_id: 'old', ...values('0') }));
  await server.admin.pool.query(
    `INSERT INTO cashback.events (order_id, value, revision, invoice_version) VALUES ('old', 4, 2, 1);
     UPDATE cashback.order_clears SET revision = 2, cashback_sum = 4 WHERE order_id = 'old'`,
  );
  expect((await server.client.events({ order_id: 'old' })).events).toMatchObject([
    { source: 'user', value: '4.0000' },
  ]);
  expect(await server.client.register(registerInput({ order_id: 'old', ...values('4') }))).toMatchObject({
    outcome: 'unchanged',
    revision: 2,
  });
});

test.each([
  ['no cursor of the feed', 'yesterday'],
  ['an empty cursor', ''],
  ['a cursor of an epoch that is not known', '7.1.1'],
  ['a cursor beyond what a database can hold', '1.99999999999999999999.1'],
  ['a cursor that is ahead of the database', '1.18446744073709551615.1'],
])('%s is refused, and the error says how to go on', async (_, after) => {
  await expect(server.client.events({ after })).rejects.toMatchObject({
    code: 'CURSOR_INVALID',
    retryable: false,
    message: expect.stringContaining('read the feed from its start, without after'),
    details: { after },
  });
});

test('order_id and after exclude each other', async () => {
  const input = { order_id: 'a', after: '0.0.0' };
  await expect(server.client.events(input)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});

test('after a restore into another cluster, whose transaction ids start over, the feed goes on from the old cursor', async () => {
  const start = await endOfFeed();
  // Rows of the old cluster may have any transaction id.
  await server.admin.pool.query(
    `INSERT INTO cashback.events (order_id, value, revision, invoice_version, xact_id) VALUES ('restored', 1, 1, 1, '9000000000');
     INSERT INTO cashback.feed_epochs (epoch) VALUES (2)`,
  );
  const fresh = registerInput();
  await server.client.register(fresh);
  const events = await readUntil(async () => {
    const found = (await readFeed(start)).events;
    return found.length === 2 && found;
  });
  expect(events.map(({ order_id }) => order_id)).toEqual(['restored', fresh.order_id]);
});
