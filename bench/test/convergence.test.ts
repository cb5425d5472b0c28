import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { sumDifferencesStatement } from '@cashback/cashback-db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlanScan, readPlans, scansOf } from '../src/convergence/read-plan.ts';
import { describeConvergence, summariseConvergence } from '../src/convergence/report.ts';
import { unsettleOrders } from '../src/convergence/unsettle-orders.ts';
import { withClient } from '../src/database/with-client.ts';
import { describeMachine } from '../src/measure/machine.ts';
import { fillOrders } from '../src/register/fill/fill-orders.ts';
import { toText } from '../src/report/table.ts';

const ORDERS = 20_000;
const UNSETTLED = 40;

describe('the convergence query over many settled orders', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await fillOrders(database.url, {
      orders: ORDERS,
      form: 'random',
      report: () => {},
      signal: new AbortController().signal,
    });
    await withClient(database.url, (client) => unsettleOrders(client, UNSETTLED));
  });
  afterAll(() => database?.drop());

  test('reads the orders that are not settled and their events alone, with either kind of plan', async () => {
    const plans = await withClient(database.url, (client) => readPlans(client, sumDifferencesStatement.text));
    for (const scans of Object.values(plans)) {
      const read = scans.reduce((sum, { rows }) => sum + rows, 0);
      expect(scans.filter(({ scan }) => scan === 'Seq Scan')).toEqual([]);
      // Each order, and three events of it.
      expect(read).toBe(UNSETTLED * 4);
    }
  });
});

test('the rows that a plan reads are counted over all loops, with those that a filter removed', () => {
  const scan = { 'Actual Rows': 2, 'Actual Loops': 3, 'Shared Hit Blocks': 4, 'Shared Read Blocks': 1 };
  const plan = {
    'Node Type': 'Nested Loop',
    'Actual Rows': 6,
    'Actual Loops': 1,
    Plans: [
      { ...scan, 'Node Type': 'Seq Scan', 'Relation Name': 'order_clears', 'Rows Removed by Filter': 5 },
      { ...scan, 'Node Type': 'Index Scan', 'Relation Name': 'events', 'Index Name': 'events_pkey' },
      {
        ...scan,
        'Node Type': 'Bitmap Heap Scan',
        'Relation Name': 'events',
        Plans: [{ ...scan, 'Node Type': 'Bitmap Index Scan', 'Index Name': 'events_pkey' }],
      },
    ],
  };
  expect(scansOf(plan)).toEqual([
    { scan: 'Seq Scan', on: 'order_clears', rows: 21, pages: 5 },
    { scan: 'Index Scan', on: 'events, events_pkey', rows: 6, pages: 5 },
    { scan: 'Bitmap Heap Scan', on: 'events', rows: 6, pages: 5 },
  ]);
});

test('the report has the time of the query by that of a count, and says when it read more than the orders that are not settled', () => {
  const few: PlanScan[] = [{ scan: 'Index Scan', on: 'order_clears', rows: 40, pages: 9 }];
  const all: PlanScan[] = [{ scan: 'Seq Scan', on: 'order_clears', rows: 20_000, pages: 900 }];
  const summary = summariseConvergence({
    orders: 20_000,
    unsettled: 10,
    rounds: [
      { count_ms: 100, count_unsettled_ms: 1, query_ms: 2 },
      { count_ms: 200, count_unsettled_ms: 2, query_ms: 8 },
      { count_ms: 100, count_unsettled_ms: 1, query_ms: 3 },
    ],
    plans: { force_custom_plan: few, force_generic_plan: all },
  });
  expect(summary.ratio_to_count).toEqual({ median: 0.03, min: 0.02, max: 0.04 });
  expect(summary.goals.map(({ value, met }) => [value, met])).toEqual([
    [4, true],
    [2_000, false],
  ]);
  const text = describeConvergence({ ...summary, machine: describeMachine(), postgres: {} }, toText);
  expect(text).toContain('20,000 orders, 10 of them not settled');
  expect(text).toMatch(/count of all 20,000 orders +100 \(100\.\.200\) +0\.03 \(0\.02\.\.0\.04\)/);
  expect(text).toContain('Seq Scan on order_clears');
});
