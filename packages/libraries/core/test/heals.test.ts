import { expect, test } from 'vitest';
import { MAX_HEALS, decideHeal, isHealRefused } from '../src/heals.ts';

const now = new Date('2026-01-02T03:04:05.000Z');
const hoursAgo = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);
const refused = MAX_HEALS + 1;

test.each<[string, number, Date | null, boolean, boolean, number, Date | null]>([
  ['the first is allowed', 0, null, true, true, 1, now],
  ['the second of a day is allowed', 1, hoursAgo(5), true, true, 2, hoursAgo(5)],
  ['the third of a day is allowed', 2, hoursAgo(23.9), true, true, 3, hoursAgo(23.9)],
  ['the fourth of a day is refused', 3, hoursAgo(23.9), true, false, refused, now],
  ['one after a day begins to count again', 3, hoursAgo(24), true, true, 1, now],
  ['a refused one stays refused', refused, hoursAgo(2), false, false, refused, hoursAgo(2)],
  ['another foreign change prolongs a refusal', refused, hoursAgo(23.9), true, false, refused, now],
  ['a day without a foreign change ends a refusal', refused, hoursAgo(24), false, true, 1, now],
])('of the heals of an order, %s', (_, heals, healed_since, isChanged, may_heal, then, since) => {
  const decided = decideHeal({ heals, healed_since, now }, isChanged);
  expect(decided).toEqual({ may_heal, heals: then, healed_since: since });
  expect(isHealRefused({ ...decided, now })).toBe(!may_heal);
});
