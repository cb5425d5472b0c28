import { randomUUID } from 'node:crypto';
import { CASHBACK_FEED, followedPlaces, observeSince } from '@cashback/cashback-db';
import { type Database, openDatabase, withTransaction } from '@cashback/postgres';
import { createHttpClient } from '@cashback/service';
import { readUntil, waitUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ChangesFollower,
  type ChangesOptions,
  followChanges,
} from '../src/schedule/follow/follow-changes.ts';
import { type Transactions, withCalls } from '../src/upstream/transactions.ts';
import { type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

/** A lag has no end while a test runs. */
const OPTIONS = {
  page_size: 100,
  absent_ms: 600_000,
  lag_bound_ms: 3_600_000,
  restore_window_ms: 3_600_000,
};
const signal = new AbortController().signal;

let harness: Harness;
let real: RealTransactions;
/** Of the worker's role. */
let database: Database;
let transactions: Transactions;

beforeAll(async () => {
  harness = await createHarness();
  const { url } = harness.test_database;
  real = await startRealTransactions(url);
  database = openDatabase({
    url,
    role: 'cashback_worker',
    application_name: 'follow-test',
    lock_timeout_ms: 300,
    log_error: () => {},
  });
  transactions = callsTo(real.transactions.url ?? '');
});
afterAll(async () => {
  await transactions?.close();
  await database?.close();
  await real?.stop();
  await harness?.stop();
});
beforeEach(async () => {
  const { pool } = harness.database;
  await pool.query('DELETE FROM cashback.feed_cursors');
  await pool.query("UPDATE cashback.order_clears SET poll_at = NULL, updated_at = '2020-01-01'");
  await followToEnd(follower());
  await pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
});
afterEach(() => harness.stopWorkers());

function callsTo(base_url: string): Transactions {
  return withCalls(
    createHttpClient({ name: 'transactions', base_url, token: real.token, timeout_ms: 5_000 }),
    signal,
  );
}

function follower(options: Partial<ChangesOptions> = {}, upstream = transactions): ChangesFollower {
  return followChanges({ database, transactions: upstream, log: testLog }, { ...OPTIONS, ...options });
}

/** The feed's horizon spans the whole database server: transactions of other tests hold it back for a while. */
async function horizonPassed(): Promise<void> {
  await waitUntil('every change is in the feed', async () => {
    const { rows } = await harness.database.pool.query<{ passed: boolean }>(
      `SELECT coalesce(max(xact_id) < pg_snapshot_xmin(pg_current_snapshot()), true) AS passed
       FROM transactions.cashback_changes`,
    );
    return rows[0]?.passed === true;
  });
}

async function followToEnd(one: ChangesFollower): Promise<void> {
  await horizonPassed();
  await one.turn(signal);
  while ((await one.turn(signal)) || one.state().state !== 'following') {
    // The next page.
  }
}

/** An order without a job or a time, and its invoice. */
async function order(): Promise<string> {
  const orderId = newOrderId('follow');
  await real.createInvoice(orderId, `wallet-${orderId}`);
  await harness.database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
         settled_revision, updated_at)
     VALUES ($1, 'yellow', 'user-1', $2, 'EUR', 1, 1000, 0, 1, 1, '2020-01-01')`,
    [orderId, `wallet-${orderId}`],
  );
  return orderId;
}

async function cashbackOf(invoice_id: string) {
  return (await real.post(real.transactions, '/v2/invoice/retrieve', { invoice_id })).body.cashback;
}

/** An operation that ended; the id is of nobody here, unless it was recorded before. */
async function reward(orderId: string, amount: string, operation_id: string = randomUUID()): Promise<void> {
  const { version } = await cashbackOf(orderId);
  const { status, body } = await real.post(real.transactions, '/update/cashback', {
    invoice_id: orderId,
    operation_id,
    version,
    user_id: 'user-1',
    wallet_id: `wallet-${orderId}`,
    currency: 'EUR',
    reward: [{ source: 'user', amount }],
  });
  if (status >= 300) throw new Error(JSON.stringify(body));
  await readUntil(
    () => cashbackOf(orderId),
    (cashback) => cashback.status === 'success',
  );
}

async function isDue(orderId: string): Promise<boolean> {
  const { poll_at } = await harness.order(orderId);
  return poll_at !== null && poll_at.getTime() <= Date.now();
}

test('an order that another caller changed is observed, and one that our operation changed is not', async () => {
  const [foreign, ours, untouched] = [await order(), await order(), await order()];
  const operation_id = randomUUID();
  await harness.database.pool.query(
    `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
     VALUES ($1, $2, 1, 0, 'user-1', 'wallet-1', 'EUR', '[]'), ($3, 'another', 1, 0, 'user-1', 'wallet-1', 'EUR', '[]')`,
    [ours, operation_id, foreign],
  );
  const unknown = newOrderId('not-registered');
  await real.createInvoice(unknown, `wallet-${unknown}`);
  for (const orderId of [foreign, unknown]) await reward(orderId, '7');
  await reward(ours, '7', operation_id);

  const one = follower({ page_size: 2 });
  await followToEnd(one);
  expect([await isDue(foreign), await isDue(ours), await isDue(untouched)]).toEqual([true, false, false]);
  expect(one.state()).toMatchObject({ state: 'following', epoch: 1, observing_since: null });
});

test('an order that is locked holds up no other of its page, is due once the lock ends, and workers share the place', async () => {
  const [locked, free] = [await order(), await order()];
  for (const orderId of [locked, free]) await reward(orderId, '7');
  const [left, right] = [follower(), follower()];
  await horizonPassed();
  await whileLocked(locked, async () => {
    await Promise.all([left.turn(signal), right.turn(signal)]);
    expect([await isDue(free), await isDue(locked)]).toEqual([true, false]);
  });
  await Promise.all([left.turn(signal), right.turn(signal)]);
  expect(await isDue(locked)).toBe(true);
  const end = await followedPlaces.read(database.pool, CASHBACK_FEED);
  await followToEnd(left);
  expect(await followedPlaces.read(database.pool, CASHBACK_FEED)).toMatchObject({ cursor: end.cursor });
});

test('after a restore, an order that is locked when its page comes is made due once the lock ends', async () => {
  const ids = [await order(), await order(), await order()].toSorted();
  const { pool } = harness.database;
  await pool.query('UPDATE cashback.order_clears SET updated_at = now() WHERE order_id = ANY($1)', [ids]);
  await observeSince(pool, CASHBACK_FEED, new Date(Date.now() - 60_000));
  const one = follower({ page_size: 500 });
  const due = () => Promise.all(ids.map(isDue));
  await whileLocked(ids[1] ?? '', async () => {
    for (let turn = 0; turn < 3; turn += 1) await one.turn(signal);
    expect([await due(), one.state()]).toMatchObject([
      [true, false, true],
      { observing_since: expect.any(String) },
    ]);
  });
  await waitUntil('all that changed are due', async () => {
    await one.turn(signal);
    return one.state().observing_since === null;
  });
  expect(await due()).toEqual([true, true, true]);
});

async function whileLocked(orderId: string, run: () => Promise<void>): Promise<void> {
  await withTransaction(harness.database, async ({ client }) => {
    await client.query('SELECT FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [orderId]);
    await run();
  });
}

test.each([
  ['a cursor that stays ahead', "UPDATE cashback.feed_cursors SET cursor = '1.999999999999.1'"],
  ['an epoch that stays gone', "UPDATE cashback.feed_cursors SET epoch = 5, cursor = '5.1.1'"],
  ['an epoch that stays lower', 'UPDATE cashback.feed_cursors SET epoch = 5'],
  ['a new epoch', 'UPDATE cashback.feed_cursors SET epoch = 0'],
])('%s: the feed is read again, and the orders that changed lately are observed', async (_, restore) => {
  const [foreign, recent, old] = [await order(), await order(), await order()];
  await reward(foreign, '7');
  await followToEnd(follower());
  const { pool } = harness.database;
  await pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
  await pool.query('UPDATE cashback.order_clears SET updated_at = now() WHERE order_id = $1', [recent]);
  await pool.query(restore);

  const one = follower({ lag_bound_ms: 0 });
  for (let turn = 0; turn < 2 && one.state().state !== 'reading_again'; turn += 1) await one.turn(signal);
  expect(one.state()).toMatchObject({ state: 'reading_again', observing_since: expect.any(String) });
  await followToEnd(one);
  expect([await isDue(foreign), await isDue(recent), await isDue(old)]).toEqual([true, true, false]);
  expect(one.state()).toMatchObject({ state: 'following', epoch: 1, observing_since: null });
});

test('a replica that lags, in its epoch or its changes, starts nothing over, and the place and the health say so', async () => {
  const foreign = await order();
  await reward(foreign, '7');
  await followToEnd(follower());
  const before = await followedPlaces.read(database.pool, CASHBACK_FEED);
  let lagging: 'lower' | 'refused' | null = 'lower';
  const replicas: Transactions = {
    ...transactions,
    async cashbackChanges(...call) {
      const answer = await transactions.cashbackChanges(...call);
      if (lagging === 'refused') return { refused: 'it is ahead of this database' };
      return lagging === 'lower' && 'page' in answer
        ? { page: { ...answer.page, invoice_epoch: 0, cursor: '0.1.1' } }
        : answer;
    },
  };
  const one = follower({}, replicas);
  for (const kind of ['lower', 'refused', 'lower'] as const) {
    lagging = kind;
    for (let turn = 0; turn < 2; turn += 1) expect(await one.turn(signal)).toBe(false);
    const { cursor, epoch } = before;
    expect(await followedPlaces.read(database.pool, CASHBACK_FEED)).toMatchObject({ cursor, epoch });
    const behind = { state: 'behind', epoch, behind_since: expect.any(String), observing_since: null };
    expect(one.state()).toMatchObject(behind);
    lagging = null;
    await followToEnd(one);
    expect(one.state()).toMatchObject({ state: 'following', behind_since: null, observing_since: null });
  }
  const after = await followedPlaces.read(database.pool, CASHBACK_FEED);
  expect(after).toMatchObject({ cursor: before.cursor, reads_again: false });
});

test('orders that changed since a time are made due in pages, while there is room for them', async () => {
  const ids = [await order(), await order(), await order(), await order()];
  const { pool } = harness.database;
  await pool.query('UPDATE cashback.order_clears SET updated_at = now() WHERE order_id = ANY($1)', [ids]);
  await observeSince(pool, CASHBACK_FEED, new Date(Date.now() - 60_000));
  // A later time than the one that was asked for before leaves out nothing of it.
  await observeSince(pool, CASHBACK_FEED, new Date(Date.now() + 60_000));
  const one = follower({ page_size: 2 });
  const due = async () => {
    const orders = await Promise.all(ids.map(async (orderId) => ((await isDue(orderId)) ? orderId : null)));
    return orders.filter((orderId) => orderId !== null);
  };
  for (let turn = 0; turn < 100 && (await due()).length < 2; turn += 1) await one.turn(signal);
  const first = await due();
  expect(first.length).toBeLessThan(4);
  await one.turn(signal);
  expect(await due()).toEqual(first);
  const made = new Set(first);
  await waitUntil('every changed order was made due', async () => {
    await pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
    await one.turn(signal);
    for (const orderId of await due()) made.add(orderId);
    return one.state().observing_since === null;
  });
  expect([...made].sort()).toEqual([...ids].sort());
});

test('the feed is read on while orders that need attention are due', async () => {
  const [foreign, stopped] = [await order(), await order()];
  await reward(foreign, '7');
  await harness.database.pool.query(
    `UPDATE cashback.order_clears SET attention = 'a reason', poll_at = now() - interval '1 minute' WHERE order_id = $1`,
    [stopped],
  );
  await horizonPassed();
  const one = follower({ page_size: 1 });
  await waitUntil('the foreign change is found', async () => {
    await one.turn(signal);
    return isDue(foreign);
  });
  await harness.database.pool.query('UPDATE cashback.order_clears SET attention = NULL');
});

test('a transactions without the feed is asked once, and again after a long while', async () => {
  const outside = callsTo(harness.outside.url);
  let asked = 0;
  const counted: Transactions = {
    ...outside,
    cashbackChanges(...call) {
      asked += 1;
      return outside.cashbackChanges(...call);
    },
  };
  const patient = follower({}, counted);
  for (let turn = 0; turn < 3; turn += 1) await patient.turn(signal);
  expect([asked, patient.state().state]).toEqual([1, 'not_offered']);
  const impatient = follower({ absent_ms: 0 }, counted);
  for (let turn = 0; turn < 3; turn += 1) await impatient.turn(signal);
  expect(asked).toBe(4);
  await outside.close();
});

test('a feed that does not answer ends no worker, and is read once it answers', async () => {
  const nobody = callsTo('http://127.0.0.1:9');
  await expect(follower({}, nobody).turn(signal)).rejects.toThrow('/v2/cashback/changes');
  await nobody.close();
});
