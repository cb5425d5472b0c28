import type { CashbackEvent } from '@cashback/contract';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latestValues } from '../src/index.ts';

const events: fc.Arbitrary<CashbackEvent[]> = fc
  .uniqueArray(
    fc.record({
      order_id: fc.constantFrom('order-1', 'order-2'),
      source: fc.constantFrom('user' as const, 'service' as const),
      revision: fc.integer({ min: 1, max: 20 }),
    }),
    { selector: ({ order_id, source, revision }) => `${order_id} ${source} ${revision}` },
  )
  .map((rows) =>
    rows.map((row, index) => ({
      ...row,
      event_id: String(index),
      value: `${row.revision}.0000`,
      invoice_epoch: 1,
      invoice_version: 1,
      created_at: '2026-01-02T03:04:05.678Z',
    })),
  );

function byKey(list: CashbackEvent[]): Map<string, number> {
  return new Map(list.map(({ order_id, source, revision }) => [`${order_id} ${source}`, revision]));
}

test('keeps the highest revision of each order and source, one entry each', () => {
  fc.assert(
    fc.property(events, (list) => {
      const newest = latestValues(list);
      expect(byKey(newest).size).toBe(newest.length);
      for (const { order_id, source, revision } of list) {
        expect(byKey(newest).get(`${order_id} ${source}`)).toBeGreaterThanOrEqual(revision);
      }
      for (const kept of newest) expect(list).toContain(kept);
    }),
  );
});

test('depends neither on the order of the events nor on their pages', () => {
  fc.assert(
    fc.property(events, fc.nat(), (list, at) => {
      const cut = list.length === 0 ? 0 : at % list.length;
      const turned = [...list.slice(cut), ...list.slice(0, cut)].toReversed();
      expect(byKey(latestValues(turned))).toEqual(byKey(latestValues(list)));
      const folded = latestValues([...latestValues(list.slice(0, cut)), ...list.slice(cut)]);
      expect(byKey(folded)).toEqual(byKey(latestValues(list)));
    }),
  );
});
