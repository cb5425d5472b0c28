import { describe, expect, it } from 'vitest';
import { reportsOf } from '../src/report/report-page.ts';

const LEAST_BODY_LIMIT = 32_768;

const row = (order_id: string, details: Record<string, unknown> = {}) => ({
  order_id,
  service: 'yellow',
  code: 'register_refused' as const,
  reason: 'a reason',
  details,
  since: new Date('2026-03-01T00:00:00.000Z'),
});
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('the reports of a page', () => {
  it('are those of the first rows that every server accepts in one call', () => {
    const rows = Array.from({ length: 100 }, (_, n) => row(`order-${n}`, { received: 'ж'.repeat(1_500) }));
    const reports = reportsOf(rows);
    expect(reports.map(({ order_id }) => order_id)).toEqual(
      rows.slice(0, reports.length).map(({ order_id }) => order_id),
    );
    expect(reports.length).toBeGreaterThan(1);
    const ids = rows.map((_, n) => `${n}`.padStart(64, '0'));
    expect(bytesOf(reports) + bytesOf(ids)).toBeLessThan(LEAST_BODY_LIMIT);
  });

  it('are all rows where they fit, with what is known of each', () => {
    const rows = [row('order-1', { field: 'wallet_id' }), row('order-2')];
    expect(reportsOf(rows)).toEqual(rows.map((one) => ({ ...one, since: '2026-03-01T00:00:00.000Z' })));
  });

  it('has an order without its details when they alone are too much', () => {
    expect(reportsOf([row('order-1', { received: 'x'.repeat(50_000) }), row('order-2')])).toMatchObject([
      { order_id: 'order-1', details: null },
      { order_id: 'order-2', details: {} },
    ]);
  });
});
