import type { AttentionEntry } from '@cashback/contract';
import { startJobs } from '@cashback/postgres';
import { createLog } from '@cashback/service';
import { readUntil, waitUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JOBS_SCHEMA, processingQueue } from '../src/queue.ts';
import { type AttentionReports, createAttentionReports } from '../src/report/attention-reports.ts';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem } from './support/system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
// The feed of a later test would list the invoices of an earlier one: each test has none but its own.
beforeEach(() =>
  system.database.pool.query(
    'TRUNCATE processing.invoice_changes, cashback.reported_attention, transactions.invoices CASCADE',
  ),
);
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

const userRate = { source: 'user', rate: '0.1' } as const;
const HOUR = '3600000';
/** Needs attention at its first attempt; only a person brings on another one. */
const AT_ONCE_AND_ONCE = {
  ATTENTION_AFTER_MS: '0',
  RETRY_BASE_MS: HOUR,
  RETRY_MAX_MS: HOUR,
  ATTENTION_RETRY_MAX_MS: HOUR,
};
/** Only what begins or ends is reported: the next pass over all orders is far off. */
const CHANGES_ONLY = { ATTENTION_REPORT_INTERVAL_MS: '60000' };
const OFTEN = { ATTENTION_REPORT_INTERVAL_MS: '50' };

async function listed(): Promise<AttentionEntry[]> {
  return (await system.client.attention.list({ limit: 1_000 })).orders;
}

function untilListed(expected: string[]): Promise<void> {
  return waitUntil(`the server lists ${expected.length} orders`, async () => {
    const ids = (await listed()).map(({ order_id }) => order_id).toSorted();
    return ids.join() === expected.toSorted().join();
  });
}

/** Rows as an attempt leaves them. */
async function stop(orderIds: string[]): Promise<void> {
  await system.database.pool.query(
    `INSERT INTO processing.invoice_changes (order_id, service, seen_version, attention, attention_code,
       attention_details, attention_since, next_look_at)
     SELECT order_id, 'yellow', 1, 'a reason', 'rates_missing', '{}', now(), now() + interval '1 day'
     FROM unnest($1::text[]) AS order_id`,
    [orderIds],
  );
}

describe('an order that needs attention in processing', () => {
  it('is listed at the server at once, with its code and details, and leaves the list at once', async () => {
    await system.startProcessing({
      env: { ...CHANGES_ONLY, ATTENTION_AFTER_MS: '0', RETRY_BASE_MS: '50', ATTENTION_RETRY_MAX_MS: '100' },
    });
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await untilListed([order.order_id]);
    expect(await listed()).toMatchObject([
      {
        origin: 'processing',
        service: 'yellow',
        code: 'rates_missing',
        reason: 'the order has no rates',
        details: {},
      },
    ]);
    const [first] = await listed();
    await order.putRates(userRate);
    await untilListed([]);
    await order.untilTarget('5.0000', '0.0000');
    expect(first?.age_ms).toBeGreaterThanOrEqual(0);
  });

  it('is tried again once a person has resumed it at the server', async () => {
    await system.startProcessing({ env: { ...AT_ONCE_AND_ONCE, ...OFTEN } });
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await untilListed([order.order_id]);
    await order.putRates(userRate);
    const { orders } = await system.client.attention.resume({ filter: { code: 'rates_missing' } });
    expect(orders).toEqual([{ order_id: order.order_id, origin: 'processing', outcome: 'requested' }]);
    await order.untilProcessed(1);
    await order.untilTarget('5.0000', '0.0000');
    await untilListed([]);
  });

  it('that is resumed and still has its cause is listed again, with a new time', async () => {
    await system.startProcessing({ env: { ...AT_ONCE_AND_ONCE, ...OFTEN } });
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await untilListed([order.order_id]);
    const [before] = await listed();
    await system.client.attention.resume({ order_ids: [order.order_id] });
    await readUntil(
      async () => (await listed())[0],
      (entry) => entry !== undefined && entry.since !== before?.since && !entry.resume_requested,
    );
  });

  it('is listed within one pass, however many there are and whatever was missed before', async () => {
    const ids = Array.from({ length: 450 }, (_, n) => `stopped-${String(n).padStart(3, '0')}`);
    await stop(ids);
    await system.client.attention.report({
      origin: 'processing',
      orders: ['gone', 'stopped-200a', 'zzz'].map((order_id) => ({
        order_id,
        service: 'yellow',
        code: 'rates_missing',
        reason: 'a reason',
        since: '2026-01-01T00:00:00.000Z',
      })),
    });
    await system.startProcessing({ env: OFTEN });
    await untilListed(ids);
    await system.database.pool.query(
      `UPDATE processing.invoice_changes SET attention = NULL WHERE order_id = 'stopped-123'`,
    );
    await untilListed(ids.filter((id) => id !== 'stopped-123'));
  });

  it('is listed after the server was down', async () => {
    await stop(['stopped-1']);
    const restartServer = await system.stopServer();
    await system.startProcessing({ env: OFTEN });
    await restartServer();
    await untilListed(['stopped-1']);
  });
});

describe('reports one at a time', () => {
  type Report = System['client']['attention']['report'];
  let jobs: Awaited<ReturnType<typeof startJobs>>;
  beforeAll(async () => {
    jobs = await startJobs({
      database_url: system.databaseUrl,
      role: 'cashback_processing',
      jobs_schema: JOBS_SCHEMA,
      queues: [processingQueue],
      application_name: 'test',
      log_error: () => {},
    });
  });
  afterAll(() => jobs?.stop({ timeout_ms: 5_000 }));

  function reportsBy(report: Report = system.client.attention.report): AttentionReports {
    return createAttentionReports({
      inbox: { database: system.database, jobs },
      server: { attention: { ...system.client.attention, report } },
      log: createLog({ name: 'test', level: 'fatal', json: true }),
      onNoted: () => {},
    });
  }
  async function report(reports: AttentionReports, orderId: string): Promise<void> {
    reports.note([orderId]);
    await reports.reportChanged();
  }

  it('a late report overwrites neither newer reports nor a resume request', async () => {
    const [read, arrive] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = reportsBy(async (input) => {
      read.resolve();
      await arrive.promise;
      return system.client.attention.report(input);
    }).reportPage();
    await read.promise;
    await stop(['stopped-1']);
    await report(reportsBy(), 'stopped-1');
    await system.client.attention.resume({ order_ids: ['stopped-1'] });
    arrive.resolve();
    await late;
    expect(await listed()).toMatchObject([{ order_id: 'stopped-1', resume_requested: true }]);
  });

  it('a resume ends the need that the person saw, and not another one that began meanwhile', async () => {
    await stop(['stopped-1']);
    await report(reportsBy(), 'stopped-1');
    await system.client.attention.resume({ order_ids: ['stopped-1'] });
    const answers: string[][] = [];
    const overtaken = reportsBy(async (input) => {
      const answer = await system.client.attention.report(input);
      answers.push(answer.resume);
      await system.database.pool.query(
        `UPDATE processing.invoice_changes
         SET attention_code = 'settings_missing', attention_since = attention_since + interval '1 second'`,
      );
      return answer;
    });
    await report(overtaken, 'stopped-1');
    await report(reportsBy(), 'stopped-1');
    expect(answers).toEqual([['stopped-1']]);
    expect(await listed()).toMatchObject([{ code: 'settings_missing', resume_requested: false }]);
    const { rows } = await system.database.pool.query('SELECT attention FROM processing.invoice_changes');
    expect(rows).toEqual([{ attention: 'a reason' }]);
  });
});

it('since when an order needs attention stays while its cause does, and begins again with another one', async () => {
  await system.startProcessing({
    env: { ...OFTEN, ATTENTION_AFTER_MS: '0', RETRY_BASE_MS: '20', ATTENTION_RETRY_MAX_MS: '20' },
  });
  const order = newOrder(system);
  await order.create('cleared', paid('50'));
  await untilListed([order.order_id]);
  const [before] = await listed();
  const failures = async () => (await order.row())?.failures ?? 0;
  const seen = await failures();
  await waitUntil('it has failed again', async () => (await failures()) > seen + 3);
  expect((await listed())[0]?.since).toBe(before?.since);
  await system.client.rates.put({ order_id: order.order_id, service: 'green', rates: [userRate] });
  const other = await readUntil(
    async () => (await listed())[0],
    (entry) => entry?.code === 'rates_differ',
  );
  expect(other).toMatchObject({ details: { rates: 'green', invoice: 'yellow' } });
  expect(other?.since).not.toBe(before?.since);
});
