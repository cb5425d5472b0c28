import { readFileSync } from 'node:fs';
import { generateOrders, planStory } from '@cashback/scenario';
import { expect, test } from 'vitest';
import { printReport } from '../src/report/print-report.ts';
import type { Report } from '../src/report/report.ts';

const money = { user: '693.3500', service: '144.7600' };
const report: Report = {
  run: 'rmws6ge5p22ec',
  orders: 500,
  rejected: [],
  settled: 500,
  unsettled: 0,
  unsettled_orders: [],
  played: {
    hold: 0,
    clear: 489,
    refund_part: 194,
    refund_all: 58,
    clear_again: 101,
    cancel: 81,
    replayed_callbacks: 288,
    spend: 27,
  },
  killed: [],
  registers: { registered: 704, unchanged: 68, stale: 0 },
  totals: {
    target: money,
    rewarded: money,
    topups: { user: '951.9300', service: '205.6000' },
    refunds: { user: '258.5800', service: '60.8400' },
    wallets: '800.0000',
    spent: '38.1100',
  },
  pushes: 974,
  violations: [],
  seconds: 42.1,
};

test('the report in README.md is one that the demo prints', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`\`\`\`\n${printReport(report)}\`\`\`\n`);
});

test('the orders and changes of that report are those that the demo plays', () => {
  const [, orders] = /GENERATED = (\d+)/.exec(
    readFileSync(new URL('../src/input.ts', import.meta.url), 'utf8'),
  ) ?? [undefined, '0'];
  const stories = generateOrders(Number(orders), 1).map((order) => planStory(order, 1));
  expect(stories.length).toBe(report.orders);
  const steps = stories.flatMap(({ rounds }) => rounds.flat());
  const { clear, refund_part, refund_all, clear_again, cancel } = report.played;
  const played = Map.groupBy(
    steps.filter((step) => step.kind === 'update'),
    ({ why }) => why,
  );
  expect(Object.fromEntries([...played].map(([why, those]) => [why, those.length]))).toEqual({
    clear,
    refund_part,
    refund_all,
    clear_again,
    cancel,
  });
});
