import { loadAuditLag } from '@cashback/cashback-db';
import type { DriftClass } from '@cashback/core';
import { refuse } from '@cashback/outside-transactions';
import { type Database, openDatabase } from '@cashback/postgres';
import { createHttpClient } from '@cashback/service';
import { readUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditOrders } from '../src/schedule/audit/audit-orders.ts';
import { planMissingAudits } from '../src/schedule/audit/plan-audits.ts';
import { withCalls } from '../src/upstream/transactions.ts';
import { type Harness, type OrderRow, createHarness, newOrderId, testLog } from './support/harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AUDITED = { audit_distances: [200], audit_end_ms: 90 * DAY_MS, audit_interval_ms: 20 };

let harness: Harness;
/** Of the worker's role. */
let database: Database;

beforeAll(async () => {
  harness = await createHarness();
  database = openDatabase({
    url: harness.test_database.url,
    role: 'cashback_worker',
    application_name: 'audit-test',
    lock_timeout_ms: 300,
    log_error: () => {},
  });
});
/** No worker runs, and none that starts later finds an order to audit. */
async function stopAuditing(): Promise<void> {
  await harness.stopWorkers();
  await harness.database.pool.query(
    'UPDATE cashback.order_clears SET audit_at = NULL, poll_at = NULL, audit_step = 99',
  );
}
afterAll(async () => {
  await database?.close();
  await harness?.stop();
});

const target = [{ source: 'user' as const, amount: '10.0000' }];
const foreign = [{ source: 'user' as const, amount: '2.0000' }];

async function settledOrder(name: string): Promise<string> {
  const orderId = newOrderId(name);
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  return orderId;
}

/** By another caller of `transactions`, which has no feed, sends no callback, and is silent about it. */
function writeForeign(orderId: string, reward = foreign): void {
  const cashback = harness.outside.cashback(orderId);
  const operations = [{ operation_id: 'foreign', status: 'success' as const, reward }];
  Object.assign(cashback, { rewarded: reward, version: cashback.version + 2, operations });
}

interface DriftRow {
  class: DriftClass;
  before: object;
  after: object;
  found_by: string;
  healed: boolean;
}

async function drifts(orderId: string): Promise<DriftRow[]> {
  const { rows } = await harness.database.pool.query<DriftRow>(
    `SELECT class, before, after, found_by, healed FROM cashback.drifts WHERE order_id = $1 ORDER BY drift_id`,
    [orderId],
  );
  return rows;
}

async function firstDrift(orderId: string): Promise<DriftRow | undefined> {
  const [drift] = await readUntil(
    () => drifts(orderId),
    (rows) => rows.length > 0,
  );
  return drift;
}

/** The order while no audit of it is under way. */
function atRest(orderId: string): Promise<OrderRow> {
  return readUntil(
    () => harness.order(orderId),
    ({ poll_at }) => poll_at === null,
  );
}

/** Further audits have observed the order. Resolves with it as they left it. */
async function auditedAgain(orderId: string): Promise<OrderRow> {
  const asked = harness.outside.retrieves(orderId);
  await readUntil(
    () => harness.outside.retrieves(orderId),
    (count) => count > asked + 2,
  );
  return atRest(orderId);
}

async function change(orderId: string, columns: string): Promise<void> {
  await harness.database.pool.query(`UPDATE cashback.order_clears SET ${columns} WHERE order_id = $1`, [
    orderId,
  ]);
}

describe('a settled order', () => {
  beforeAll(() => harness.startWorker(AUDITED));
  afterAll(stopAuditing);

  test.concurrent('a change of a settled order that nothing announces is found by an audit and healed, and further audits find nothing', async () => {
    const orderId = await settledOrder('changed');
    writeForeign(orderId);
    expect(await firstDrift(orderId)).toEqual({
      class: 'rewarded_differs',
      before: { target, rewarded: target },
      after: { target, rewarded: foreign },
      found_by: 'audit',
      healed: true,
    });
    await harness.untilSettled(orderId);
    expect(harness.outside.cashback(orderId).rewarded).toEqual(target);
    await auditedAgain(orderId);
    expect(await drifts(orderId)).toHaveLength(1);
    expect(await harness.operations(orderId)).toHaveLength(2);
  });

  test.concurrent('an audit detects a change that a stale answer hid', async () => {
    const { outside } = harness;
    const orderId = await settledOrder('stale');
    const known = structuredClone(outside.cashback(orderId));
    let lags = true;
    outside.intercept_of.set(orderId, (call, honest) => {
      const answer = honest();
      const isRead = call.path === '/v2/invoice/retrieve' && typeof answer === 'object' && 'body' in answer;
      return lags && isRead ? { ...answer, body: { ...(answer.body as object), cashback: known } } : answer;
    });
    writeForeign(orderId);
    await auditedAgain(orderId);
    expect(await drifts(orderId)).toEqual([]);
    expect(await harness.order(orderId)).toMatchObject({ settled_revision: 1, attention: null });

    lags = false;
    expect(await firstDrift(orderId)).toMatchObject({
      class: 'rewarded_differs',
      found_by: 'audit',
      healed: true,
    });
    await harness.untilSettled(orderId);
    expect(outside.cashback(orderId).rewarded).toEqual(target);
  });

  test.concurrent('an audit that finds an order as it should be writes its row and nothing else, and the row counts as unchanged', async () => {
    const orderId = await settledOrder('equal');
    const before = await atRest(orderId);
    const {
      audit_step,
      audit_at: _,
      answered_at: __,
      next_charge_at: ___,
      requests,
      answered_requests,
      ...after
    } = await auditedAgain(orderId);
    expect(audit_step).toBeGreaterThan(before.audit_step);
    expect(answered_requests).toBe(requests);
    expect(before).toMatchObject(after);
    expect(await drifts(orderId)).toEqual([]);
    expect(await harness.operations(orderId)).toHaveLength(1);
  });

  test.concurrent('an operation of another caller that ends at the target is written down once, and the order stays settled', async () => {
    const orderId = await settledOrder('same');
    const { version } = harness.outside.cashback(orderId);
    writeForeign(orderId, target);
    expect(await firstDrift(orderId)).toEqual({
      class: 'unknown_operation',
      before: { target, rewarded: target, cashback_version: version },
      after: { target, rewarded: target, cashback_version: version + 2, operation_id: 'foreign' },
      found_by: 'audit',
      healed: true,
    });
    await auditedAgain(orderId);
    expect(await drifts(orderId)).toHaveLength(1);
    expect(await harness.operations(orderId)).toHaveLength(1);
  });
});

const waiting: [DriftClass, (orderId: string) => void | Promise<void>, object][] = [
  ['invoice_missing', (orderId) => harness.outside.removeInvoice(orderId), {}],
  [
    'payee_differs',
    (orderId) => harness.outside.addInvoice(orderId, { wallet_id: 'wallet-9' }),
    { field: 'wallet_id', expected: 'wallet-1', received: 'wallet-9' },
  ],
  ['version_behind', (orderId) => void (harness.outside.cashback(orderId).version = 1), { version: 1 }],
  [
    'status_contradicts',
    (orderId) => void (harness.outside.cashback(orderId).status = 'failed'),
    { status: 'failed', operation_status: 'success' },
  ],
  [
    'moved_by_hand',
    (orderId) => void (harness.outside.cashback(orderId).rewarded = foreign),
    { rewarded: foreign },
  ],
  ['sum_contradicts_events', (orderId) => change(orderId, 'cashback_sum = 11'), {}],
];

describe('a settled order that cannot be compared', () => {
  beforeAll(() => harness.startWorker({ ...AUDITED, attention_after_ms: 1 }));
  afterAll(stopAuditing);

  test.concurrent.each(waiting)(
    '%s is written down once by an audit, and waits for a person',
    async (found, arrange, after) => {
      const orderId = await settledOrder(found);
      await arrange(orderId);
      const drift = await firstDrift(orderId);
      expect(drift).toMatchObject({
        class: found,
        before: { target, rewarded: target },
        after,
        found_by: 'audit',
        healed: false,
      });
      await readUntil(
        () => harness.order(orderId),
        ({ attention_code }) => attention_code !== null,
      );
      const asked = harness.outside.retrieves(orderId);
      await readUntil(
        () => harness.outside.retrieves(orderId),
        (count) => count > asked + 2,
      );
      expect(await drifts(orderId)).toHaveLength(1);
      expect(await harness.operations(orderId)).toHaveLength(1);
    },
  );
});

describe('one after the other', () => {
  afterEach(stopAuditing);

  test('an order whose history transactions cannot know for too long needs attention, is repeated, and settles once it can', async () => {
    const { outside } = harness;
    await harness.startWorker({ attention_after_ms: 1 });
    const orderId = newOrderId('history');
    outside.addInvoice(orderId);
    outside.intercept_of.set(orderId, ({ path }, honest) =>
      path === '/update/cashback' ? refuse(409, 'HISTORY_UNKNOWN', 'Trust has no list') : honest(),
    );
    await harness.register(orderId, '10');
    await readUntil(
      () => harness.order(orderId),
      ({ attention_code }) => attention_code === 'history_lost',
    );
    const sent = outside.updates(orderId).length;
    await readUntil(
      () => outside.updates(orderId).length,
      (count) => count > sent + 1,
    );
    expect(await harness.order(orderId)).toMatchObject({ attention_code: 'history_lost' });

    outside.intercept_of.delete(orderId);
    await harness.untilSettled(orderId);
    expect(await harness.order(orderId)).toMatchObject({ attention: null });
    expect(await harness.operations(orderId)).toHaveLength(1);
  });

  /** A worker's loops, one turn at a time. */
  function turns() {
    const never = new AbortController().signal;
    const client = createHttpClient({ name: 'unused', base_url: 'http://127.0.0.1:9', timeout_ms: 100 });
    const audits = { audit_distances: [60_000, HOUR_MS, DAY_MS], audit_end_ms: 90 * DAY_MS };
    const context = { database, transactions: withCalls(client, never), audits, log: testLog };
    const random = (): number => 0;
    return {
      audit: (page_size: number) => auditOrders(context, { page_size, random }),
      plan: (page_size: number) => planMissingAudits(context, { page_size, random }),
    };
  }

  /** Settled with nobody at work. */
  async function unaudited(name: string, columns: string): Promise<string> {
    const orderId = newOrderId(name);
    await harness.register(orderId, '10');
    await change(orderId, `settled_revision = revision, ${columns}`);
    return orderId;
  }

  test('audits begin longest due first, a page at a time, and not while a page of polls is due', async () => {
    const orders: string[] = [];
    for (const minutes of [1, 3, 2]) {
      orders.push(await unaudited('due', `audit_at = now() - interval '${minutes} minutes', audit_step = 1`));
    }
    const [youngest = '', oldest = '', middle = ''] = orders;
    const begun = async (): Promise<string[]> => {
      const rows = await Promise.all(orders.map(async (id) => ({ id, order: await harness.order(id) })));
      return rows
        .filter(({ order }) => order.due_by === 'audit' && order.poll_at !== null)
        .map(({ id }) => id);
    };
    const live = newOrderId('live');
    await harness.register(live, '10');
    await change(live, 'poll_at = now()');
    const { audit } = turns();
    await audit(1);
    expect(await begun()).toEqual([]);

    await change(live, 'poll_at = NULL');
    await audit(2);
    expect(await begun()).toEqual([oldest, middle]);
    const order = await harness.order(oldest);
    expect(order).toMatchObject({ audit_step: 2 });
    expect(order.audit_at?.getTime()).toBeGreaterThan(Date.now() + 23 * HOUR_MS);
    await change(oldest, 'poll_at = NULL');
    await change(middle, 'poll_at = NULL');
    await audit(2);
    expect(await begun()).toEqual([youngest]);
  });

  test('audits go on while orders that need attention are due', async () => {
    const stopped = newOrderId('stopped');
    await harness.register(stopped, '10');
    await change(stopped, `attention = 'a reason', attention_code = 'operation_stuck', poll_at = now()`);
    const orderId = await unaudited('due', `audit_at = now() - interval '1 minute', audit_step = 1`);
    await turns().audit(1);
    expect(await harness.order(orderId)).toMatchObject({ audit_step: 2, due_by: 'audit' });
    await change(stopped, 'attention = NULL, attention_code = NULL');
  });

  test('an order that is not settled is not audited, and the time that an older release left there is removed', async () => {
    const orderId = newOrderId('unsettled');
    await harness.register(orderId, '10');
    await change(orderId, `audit_at = now() - interval '1 hour', audit_step = 2`);
    await turns().audit(10);
    expect(await harness.order(orderId)).toMatchObject({
      audit_at: null,
      audit_step: 0,
      poll_at: null,
      due_by: null,
    });
  });

  test('orders that an older release settled have the audits of their age, page by page while few are due', async () => {
    const young = await unaudited('old-release', `unsettled_since = now() - interval '30 minutes'`);
    const old = await unaudited('old-release', `unsettled_since = now() - interval '2 years'`);
    const { plan } = turns();
    expect(await plan(1)).toBe(true);
    expect(await plan(1)).toBe(true);
    expect(await harness.order(young)).toMatchObject({ audit_step: 1 });
    expect((await harness.order(young)).audit_at?.getTime()).toBeGreaterThan(Date.now() + 20 * 60_000);
    const last = await harness.order(old);
    expect(last.audit_step).toBeGreaterThan(2);
    expect(last.audit_at?.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);

    const waits = await unaudited('old-release', `unsettled_since = now() - interval '2 years'`);
    expect(await plan(1)).toBe(false);
    expect(await harness.order(waits)).toMatchObject({ audit_at: null, audit_step: 0 });
  });

  test('a running worker plans them in its sweep, and its health states how far audits are behind', async () => {
    const due_at = new Date(Date.now() - HOUR_MS);
    for (let count = 0; count < 2; count += 1) {
      await unaudited('late', `audit_at = '${due_at.toISOString()}'`);
    }
    const lag = await loadAuditLag(database.pool);
    expect(lag).toMatchObject({ due: 2, oldest_due_at: due_at });
    expect(lag.lag_ms).toBeGreaterThanOrEqual(HOUR_MS);

    const orderId = await unaudited('forgotten', `unsettled_since = now() - interval '2 years'`);
    const worker = await harness.startWorker({ sweep_interval_ms: 100 });
    const health: unknown = await (await fetch(new URL('/health', worker.url ?? ''))).json();
    expect(health).toMatchObject({ audit: { due: expect.any(Number), lag_ms: expect.any(Number) } });
    await readUntil(
      () => harness.order(orderId),
      ({ audit_step }) => audit_step > 0,
    );
  });
});
