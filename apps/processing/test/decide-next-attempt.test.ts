import { describe, expect, it } from 'vitest';
import type { UnfinishedChange } from '../src/db/queries/changes/lock-changes.ts';
import { type Outcome, decideNextStep } from '../src/record/decide-next-attempt.ts';

const limits = { retry_base_ms: 1_000, retry_max_ms: 60_000, attention_after_ms: 900_000 };
const change: UnfinishedChange = { order_id: 'order-1', seen_version: 3, failures: 0, waited_ms: null };
const nothing = {
  order_id: 'order-1',
  seen_version: 3,
  processed_version: null,
  asks_again: false,
  failures: 0,
  is_waiting: false,
  attention: null,
  look_after_ms: 0,
};

function decide(outcome: Outcome, row: Partial<UnfinishedChange> = {}) {
  return decideNextStep({ ...change, ...row }, outcome, limits, () => 1);
}

describe('what happens next to an order', () => {
  it.each<[string, Outcome, Partial<UnfinishedChange>, object]>([
    [
      'the version that was seen is processed: it is done',
      { outcome: 'processed', invoice_version: 3, asks_again: false },
      { failures: 4, waited_ms: 5_000 },
      { processed_version: 3 },
    ],
    [
      'a newer version than was seen is processed: it is done',
      { outcome: 'processed', invoice_version: 5, asks_again: false },
      {},
      { processed_version: 5 },
    ],
    [
      'a version behind the one that was announced is processed: it waits for the announced one',
      { outcome: 'processed', invoice_version: 2, asks_again: false },
      {},
      { processed_version: 2, failures: 1, is_waiting: true, look_after_ms: 1_000 },
    ],
    [
      'the announced version did not show for too long: it needs attention, what was processed counts',
      { outcome: 'processed', invoice_version: 2, asks_again: true },
      { waited_ms: 900_000 },
      {
        processed_version: 2,
        asks_again: true,
        attention: 'version 3 of the invoice was announced, but transactions shows version 2',
      },
    ],
    [
      'the URL of the service did not answer: the version is processed and the URL is asked again later',
      { outcome: 'processed', invoice_version: 3, asks_again: true },
      { failures: 2 },
      { processed_version: 3, asks_again: true, failures: 3, look_after_ms: 4_000 },
    ],
    [
      'the URL of the service never answers: it is asked again for ever, and never more than so often',
      { outcome: 'processed', invoice_version: 3, asks_again: true },
      { failures: 2_000_000, waited_ms: 9_000_000 },
      { processed_version: 3, asks_again: true, failures: 2_000_001, look_after_ms: 60_000 },
    ],
    [
      'an input is missing: it is looked for again later',
      { outcome: 'waiting', reason: 'the order has no rates' },
      { failures: 1, waited_ms: 899_999 },
      { failures: 2, is_waiting: true, look_after_ms: 2_000 },
    ],
    [
      'an input is missing for too long: it needs attention',
      { outcome: 'waiting', reason: 'the order has no rates' },
      { failures: 9, waited_ms: 900_000 },
      { attention: 'the order has no rates' },
    ],
    [
      'something else does not work: it is tried again, however often it failed',
      { outcome: 'failed', reason: 'server: no answer' },
      { failures: 1_000 },
      { failures: 1_001, look_after_ms: 60_000 },
    ],
    [
      'an upstream asks to be left alone: it is, for as long as it asked',
      { outcome: 'failed', reason: 'transactions: overloaded', retry_after_ms: 7_000 },
      {},
      { failures: 1, look_after_ms: 7_000 },
    ],
    [
      'it will not work by itself: it needs attention at once',
      { outcome: 'attention', reason: 'the service red is not in CASHBACK_SERVICES' },
      {},
      { attention: 'the service red is not in CASHBACK_SERVICES' },
    ],
  ])('%s', (_, outcome, row, expected) => {
    expect(decide(outcome, row)).toEqual({ ...nothing, ...expected });
  });

  it('spreads those that failed together over half of the pause', () => {
    const outcome: Outcome = { outcome: 'failed', reason: 'server: no answer' };
    expect(decideNextStep(change, outcome, limits, () => 0).look_after_ms).toBe(500);
    expect(decideNextStep(change, outcome, limits, () => 0.5).look_after_ms).toBe(750);
  });
});
