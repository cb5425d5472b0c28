import { describe, expect, it } from 'vitest';
import type { AttentionCause } from '../src/record/attention-cause.ts';
import { type AttemptedChange, type Outcome, decideNextAttempt } from '../src/record/decide-next-attempt.ts';

const at = (version: number, epoch = 1) => ({ epoch, version });
const limits = {
  retry_base_ms: 1_000,
  retry_max_ms: 60_000,
  attention_after_ms: 900_000,
  attention_retry_max_ms: 600_000,
};
const change: AttemptedChange = {
  order_id: 'order-1',
  seen_epoch: 1,
  seen_version: 3,
  hints: 0,
  failures: 0,
  waited_ms: null,
  attention: null,
};
const nothing = {
  order_id: 'order-1',
  seen: at(3),
  hints: 0,
  processed: null,
  config_hash: null,
  asks_again: false,
  failures: 0,
  is_waiting: false,
  attention: null,
  cause: null,
  next_attempt_in_ms: 0,
};
const noRates: AttentionCause = { code: 'rates_missing', details: {} };
const noSettings: AttentionCause = { code: 'settings_missing', details: { service: 'red' } };

function decide(outcome: Outcome, row: Partial<AttemptedChange> = {}) {
  return decideNextAttempt({ ...change, ...row }, outcome, limits, () => 1);
}

describe('the next attempt at an order', () => {
  it.each<[string, Outcome, Partial<AttemptedChange>, object]>([
    [
      'the announced version is processed: the order is done',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: false },
      { failures: 4, waited_ms: 5_000 },
      { processed: at(3), config_hash: 'h-1' },
    ],
    [
      'the service gave no answer: it is asked again for as long as it takes',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true },
      { failures: 40, waited_ms: null },
      { processed: at(3), config_hash: 'h-1', asks_again: true, failures: 41, next_attempt_in_ms: 60_000 },
    ],
    [
      'the service gives an answer that cannot be used: the order waits for another one',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true, unusable: 'too much' },
      {},
      {
        processed: at(3),
        config_hash: 'h-1',
        asks_again: true,
        failures: 1,
        is_waiting: true,
        next_attempt_in_ms: 1_000,
      },
    ],
    [
      'it has given such answers for too long: the order needs attention, and its service is asked on',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true, unusable: 'too much' },
      { waited_ms: 900_000 },
      {
        processed: at(3),
        config_hash: 'h-1',
        asks_again: true,
        failures: 1,
        is_waiting: true,
        next_attempt_in_ms: 1_000,
        attention: 'too much',
        cause: { code: 'service_answer_unusable', details: {} },
      },
    ],
    [
      'it gives no answer after such answers: nothing is known to have changed',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true },
      { waited_ms: 900_000, attention: 'too much' },
      {
        processed: at(3),
        config_hash: 'h-1',
        asks_again: true,
        failures: 1,
        is_waiting: true,
        next_attempt_in_ms: 1_000,
        attention: 'too much',
      },
    ],
    [
      'an id that nobody knows is tried again: its order may be about to come up',
      { outcome: 'unknown', reason: 'INVOICE_NOT_FOUND' },
      { waited_ms: 899_999 },
      { failures: 1, is_waiting: true, next_attempt_in_ms: 1_000 },
    ],
    [
      'an id that nobody has known for too long is forgotten, and needs nobody',
      { outcome: 'unknown', reason: 'INVOICE_NOT_FOUND' },
      { waited_ms: 900_000 },
      { is_forgotten: true },
    ],
    [
      'a newer version than the announced one is processed: the order is done',
      { outcome: 'processed', invoice: at(5), config_hash: 'h-1', asks_again: false },
      {},
      { processed: at(5), config_hash: 'h-1' },
    ],
    [
      'a version behind the announced one is processed: the order waits for the announced one',
      { outcome: 'processed', invoice: at(2), config_hash: 'h-1', asks_again: false },
      {},
      { processed: at(2), config_hash: 'h-1', failures: 1, is_waiting: true, next_attempt_in_ms: 1_000 },
    ],
    [
      'the announced version is missing for too long: the order needs attention, and the processed version counts',
      { outcome: 'processed', invoice: at(2), config_hash: 'h-1', asks_again: true },
      { waited_ms: 900_000 },
      {
        processed: at(2),
        config_hash: 'h-1',
        asks_again: true,
        failures: 1,
        is_waiting: true,
        next_attempt_in_ms: 1_000,
        attention: 'version 3 of the invoice was announced, but transactions shows version 2',
        cause: { code: 'observation_stale', details: { announced: at(3), shown: at(2) } },
      },
    ],
    [
      'a lower version of a newer epoch is processed: the order is done',
      { outcome: 'processed', invoice: at(1, 2), config_hash: 'h-1', asks_again: false },
      {},
      { processed: at(1, 2), config_hash: 'h-1' },
    ],
    [
      'a higher version of an older epoch is processed: the order waits for the newer one',
      { outcome: 'processed', invoice: at(9), config_hash: 'h-1', asks_again: false },
      { seen_epoch: 2, waited_ms: 900_000 },
      {
        seen: at(3, 2),
        processed: at(9),
        config_hash: 'h-1',
        failures: 1,
        is_waiting: true,
        next_attempt_in_ms: 1_000,
        attention: 'version 3 of epoch 2 of the invoice was announced, but transactions shows version 9',
        cause: { code: 'observation_stale', details: { announced: at(3, 2), shown: at(9) } },
      },
    ],
    [
      'the service URL does not answer: the version is processed, and the URL is asked again later',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true },
      { failures: 2 },
      { processed: at(3), config_hash: 'h-1', asks_again: true, failures: 3, next_attempt_in_ms: 4_000 },
    ],
    [
      'the service URL never answers: it is asked forever, at the longest pause',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: true },
      { failures: 2_000_000, waited_ms: 9_000_000 },
      {
        processed: at(3),
        config_hash: 'h-1',
        asks_again: true,
        failures: 2_000_001,
        next_attempt_in_ms: 60_000,
      },
    ],
    [
      'an input is missing: the order is retried later',
      { outcome: 'waiting', reason: 'the order has no rates', cause: noRates },
      { failures: 1, waited_ms: 899_999 },
      { failures: 2, is_waiting: true, next_attempt_in_ms: 2_000 },
    ],
    [
      'an input is missing for too long: the order needs attention, and is retried at a pause that grows further',
      { outcome: 'waiting', reason: 'the order has no rates', cause: noRates },
      { failures: 7, waited_ms: 900_000 },
      {
        attention: 'the order has no rates',
        cause: noRates,
        failures: 8,
        is_waiting: true,
        next_attempt_in_ms: 128_000,
      },
    ],
    [
      'the order needs attention and its cause stays: it is retried forever, at the longest pause of attention',
      { outcome: 'waiting', reason: 'the order has no rates', cause: noRates },
      { failures: 1_000, waited_ms: 900_000_000, attention: 'the order has no rates' },
      {
        attention: 'the order has no rates',
        cause: noRates,
        failures: 1_001,
        is_waiting: true,
        next_attempt_in_ms: 600_000,
      },
    ],
    [
      'the order needs attention and its cause is gone: it leaves attention',
      { outcome: 'processed', invoice: at(3), config_hash: 'h-1', asks_again: false },
      { failures: 1_000, waited_ms: 900_000_000, attention: 'the order has no rates' },
      { processed: at(3), config_hash: 'h-1' },
    ],
    [
      'the order needs attention and now waits for something else: it leaves attention until that has lasted too long',
      { outcome: 'waiting', reason: 'the order has no rates', cause: noRates },
      { failures: 5, attention: 'the service red is not in CASHBACK_SERVICES' },
      { failures: 6, is_waiting: true, next_attempt_in_ms: 32_000 },
    ],
    [
      'the order needs attention and nothing is learned about it: it stays as it is',
      { outcome: 'failed', reason: 'server: no answer' },
      { failures: 7, waited_ms: 900_000, attention: 'the order has no rates' },
      { attention: 'the order has no rates', failures: 8, is_waiting: true, next_attempt_in_ms: 128_000 },
    ],
    [
      'anything else fails: the order is retried, however often it has failed',
      { outcome: 'failed', reason: 'server: no answer' },
      { failures: 1_000 },
      { failures: 1_001, next_attempt_in_ms: 60_000 },
    ],
    [
      'its attempts fail while those at other orders succeed: the order is retried until that has lasted too long',
      { outcome: 'failed', reason: 'server: internal error', failure_of: 'item' },
      { failures: 1_000, waited_ms: 899_999 },
      { failures: 1_001, is_waiting: true, next_attempt_in_ms: 60_000 },
    ],
    [
      'its attempts begin to fail while those at other orders succeed: the row keeps since when',
      { outcome: 'failed', reason: 'server: internal error', failure_of: 'item' },
      {},
      { failures: 1, is_waiting: true, next_attempt_in_ms: 1_000 },
    ],
    [
      'its attempts fail for too long while those at other orders succeed: the order needs attention, and is retried',
      { outcome: 'failed', reason: 'server: internal error', failure_of: 'item', retry_after_ms: 900_000 },
      { failures: 7, waited_ms: 900_000 },
      {
        attention: 'server: internal error',
        cause: { code: 'attempts_failed', details: {} },
        failures: 8,
        is_waiting: true,
        next_attempt_in_ms: 900_000,
      },
    ],
    [
      'it is not known whose failure it is, as after a restart: the wait goes on, and is no reason yet',
      { outcome: 'failed', reason: 'server: internal error', failure_of: 'unknown' },
      { failures: 7, waited_ms: 900_000 },
      { failures: 8, is_waiting: true, next_attempt_in_ms: 60_000 },
    ],
    [
      'the attempts at other orders fail as well: its wait ends',
      { outcome: 'failed', reason: 'server: no answer', failure_of: 'side' },
      { failures: 7, waited_ms: 900_000 },
      { failures: 8, next_attempt_in_ms: 60_000 },
    ],
    [
      'the reason holds what no row can keep: the row keeps the rest of it',
      { outcome: 'attention', reason: `a\0${'b'.repeat(1_000)}`, cause: noSettings },
      {},
      {
        attention: `a\u{FFFD}${'b'.repeat(495)}...`,
        cause: noSettings,
        failures: 1,
        next_attempt_in_ms: 1_000,
      },
    ],
    [
      'an upstream asks for a pause: the retry waits that long',
      { outcome: 'failed', reason: 'transactions: overloaded', retry_after_ms: 7_000 },
      {},
      { failures: 1, next_attempt_in_ms: 7_000 },
    ],
    [
      'the order cannot succeed until something outside changes: it needs attention at once, and is retried',
      { outcome: 'attention', reason: 'the service red is not in CASHBACK_SERVICES', cause: noSettings },
      {},
      {
        attention: 'the service red is not in CASHBACK_SERVICES',
        cause: noSettings,
        failures: 1,
        next_attempt_in_ms: 1_000,
      },
    ],
  ])('%s', (_, outcome, row, expected) => {
    expect(decide(outcome, row)).toEqual({ ...nothing, ...expected });
  });

  it('spreads orders that failed together over half of the pause', () => {
    const outcome: Outcome = { outcome: 'failed', reason: 'server: no answer' };
    expect(decideNextAttempt(change, outcome, limits, () => 0).next_attempt_in_ms).toBe(500);
    expect(decideNextAttempt(change, outcome, limits, () => 0.5).next_attempt_in_ms).toBe(750);
  });
});
