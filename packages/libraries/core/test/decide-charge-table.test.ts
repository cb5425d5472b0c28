import { CASHBACK_STATUSES } from '@cashback/wire';
import { type AmountsBySource } from '@cashback/contract/source';
import { describe, expect, test } from 'vitest';
import { type Attempts, decideCharge } from '../src/decide-charge.ts';
import type { ObservedCashback } from '../src/observed-cashback.ts';
import {
  ago,
  attemptsOf,
  cashbackOf,
  inputOf,
  listed,
  limits,
  now,
  open,
  target,
} from './charge-builders.ts';

type Listed = ObservedCashback['operations'][number];

/** What is rewarded, beside a target of 10 from the user and 5 from the service. */
const REWARDED: Record<'equal' | 'below' | 'above' | 'others', AmountsBySource> = {
  equal: target,
  below: { user: 10n, service: 4n },
  above: { user: 11n, service: 5n },
  others: { service: 15n },
};

/** How our operation stands: what the invoice lists, newest first, and whether it is open on our side. */
const OPERATIONS: Record<string, { isOpen: boolean; list: (newest: Listed) => Listed[] }> = {
  none: { isOpen: false, list: (newest) => [newest] },
  applied: { isOpen: true, list: (newest) => ours('success', newest) },
  overtaken: { isOpen: true, list: (newest) => [newest, listed('success')] },
  failed: { isOpen: true, list: (newest) => ours('failed', newest) },
  accepted: { isOpen: true, list: () => [listed('init')] },
  moving: { isOpen: true, list: () => [listed('in-progress')] },
  missing: { isOpen: true, list: (newest) => [newest] },
};

/** Ours is the newest operation if the invoice's status can be its own, else another caller's came after it. */
function ours(status: Listed['status'], newest: Listed): Listed[] {
  return newest.status === status ? [listed(status)] : [newest, listed(status)];
}

const AGES = { young: 0, old: limits.attention_after_ms + 1 };

const longAgo = ago(limits.failure_max_ms);
const kinds = ['failed', 'applied', 'rejected'] as const;
const ATTEMPTS: Record<string, Attempts[]> = {
  'no failed attempts': [attemptsOf({}), attemptsOf({ rejected: 3, last_at: now })],
  'failed just now': [
    attemptsOf({ failed: 1, last_at: now }),
    attemptsOf({ applied: 1, last_at: now }),
    attemptsOf({ failed: 3, applied: 3, rejected: 4, last_at: now }),
  ],
  'failed a while ago': [
    attemptsOf({ failed: 1, last_at: longAgo }),
    attemptsOf({ applied: 1, last_at: longAgo }),
    attemptsOf({ failed: 3, applied: 3, rejected: 4, last_at: longAgo }),
  ],
  'failed too often': kinds.map((kind) => attemptsOf({ [kind]: 5, last_at: longAgo })),
};

/**
 * `repeat`: the same operation again; `update`: a new one; `backoff`: none before a while is over. A row says what is
 * done by the invoice's status and what it carries, a column by how our operation stands there.
 */
const TABLE: Record<string, string> = {
  'young, no failed attempts': `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    poll       poll       repeat
    success differs update     attention  backoff    backoff    poll       poll       repeat
    failed  equal   update     backoff    backoff    backoff    poll       poll       repeat
    failed  differs update     backoff    backoff    backoff    poll       poll       repeat
    flying  equal   poll       poll       poll       poll       poll       poll       repeat
    flying  differs poll       poll       poll       poll       poll       poll       repeat`,
  'young, failed just now': `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    poll       poll       repeat
    success differs backoff    attention  backoff    backoff    poll       poll       repeat
    failed  equal   backoff    backoff    backoff    backoff    poll       poll       repeat
    failed  differs backoff    backoff    backoff    backoff    poll       poll       repeat
    flying  equal   poll       poll       poll       poll       poll       poll       repeat
    flying  differs poll       poll       poll       poll       poll       poll       repeat`,
  'young, failed a while ago': `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    poll       poll       repeat
    success differs update     attention  backoff    backoff    poll       poll       repeat
    failed  equal   update     backoff    backoff    backoff    poll       poll       repeat
    failed  differs update     backoff    backoff    backoff    poll       poll       repeat
    flying  equal   poll       poll       poll       poll       poll       poll       repeat
    flying  differs poll       poll       poll       poll       poll       poll       repeat`,
  'young, failed too often': `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    poll       poll       repeat
    success differs attention  attention  attention  attention  poll       poll       repeat
    failed  equal   attention  attention  attention  attention  poll       poll       repeat
    failed  differs attention  attention  attention  attention  poll       poll       repeat
    flying  equal   poll       poll       poll       poll       poll       poll       repeat
    flying  differs poll       poll       poll       poll       poll       poll       repeat`,
  'old, no failed attempts': `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    attention  attention  repeat
    success differs update     attention  attention  attention  attention  attention  repeat
    failed  equal   update     attention  attention  attention  attention  attention  repeat
    failed  differs update     attention  attention  attention  attention  attention  repeat
    flying  equal   attention  attention  attention  attention  attention  attention  repeat
    flying  differs attention  attention  attention  attention  attention  attention  repeat`,
};
const OLD_AND_TRIED = `
                    none       applied    overtaken  failed     accepted   moving     missing
    success equal   settled    settled    settled    settled    attention  attention  repeat
    success differs attention  attention  attention  attention  attention  attention  repeat
    failed  equal   attention  attention  attention  attention  attention  attention  repeat
    failed  differs attention  attention  attention  attention  attention  attention  repeat
    flying  equal   attention  attention  attention  attention  attention  attention  repeat
    flying  differs attention  attention  attention  attention  attention  attention  repeat`;
for (const tried of Object.keys(ATTEMPTS).slice(1)) TABLE[`old, ${tried}`] = OLD_AND_TRIED;

function decide(
  status: ObservedCashback['status'],
  rewarded: AmountsBySource,
  operation: string,
  age: keyof typeof AGES,
  attempts: Attempts,
): string {
  const { isOpen, list } = OPERATIONS[operation] ?? { isOpen: false, list: () => [] };
  const decision = decideCharge(
    inputOf({
      cashback: cashbackOf({
        status,
        rewarded,
        operations: list({ operation_id: 'theirs', status, reward: rewarded }),
      }),
      operation: isOpen ? open : null,
      attempts,
      waited_ms: AGES[age],
    }),
  );
  switch (decision.action) {
    case 'needs_attention':
      return 'attention';
    case 'poll':
      return decision.why === 'backoff' ? 'backoff' : 'poll';
    case 'update':
      return decision.repeat === null ? 'update' : 'repeat';
    case 'settled':
      return 'settled';
  }
}

interface Cell {
  status: string;
  carries: string;
  operation: string;
  expected: string;
}

function cellsOf(table: string): Cell[] {
  const [head = '', ...rows] = table.trim().split('\n');
  const columns = head.trim().split(/ +/);
  return rows.flatMap((row) => {
    const [status = '', carries = '', ...decisions] = row.trim().split(/ +/);
    return decisions.map((expected, index) => ({
      status,
      carries,
      operation: columns[index] ?? '',
      expected,
    }));
  });
}

describe('decideCharge decides by its table, for an order that is', () => {
  const statusesOf = (status: string) =>
    CASHBACK_STATUSES.filter((one) => (status === 'flying' ? one.startsWith('in') : one === status));
  const rewardsOf = (carries: string) =>
    Object.entries(REWARDED).filter(([name]) => (name === 'equal') === (carries === 'equal'));

  const situations = Object.keys(AGES).flatMap((age) =>
    Object.keys(ATTEMPTS).map((tried) => [age as keyof typeof AGES, tried] as const),
  );

  test.each(situations)('%s, with %s', (age, tried) => {
    const wrong: string[] = [];
    let decided = 0;
    for (const { status, carries, operation, expected } of cellsOf(TABLE[`${age}, ${tried}`] ?? '')) {
      for (const exactly of statusesOf(status)) {
        for (const [reward, rewarded] of rewardsOf(carries)) {
          for (const attempts of ATTEMPTS[tried] ?? []) {
            const decision = decide(exactly, rewarded, operation, age, attempts);
            decided += 1;
            if (decision !== expected) {
              wrong.push(
                `${exactly}, ${reward}, ${operation}, ${JSON.stringify(attempts)}: ${decision}, not ${expected}`,
              );
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    const all = CASHBACK_STATUSES.length * Object.keys(REWARDED).length * Object.keys(OPERATIONS).length;
    expect(decided).toBe(all * (ATTEMPTS[tried]?.length ?? 0));
  });
});
