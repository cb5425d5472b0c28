import { describe, expect, test } from 'vitest';
import { type ChargeInput, decideCharge } from '../src/decide-charge.ts';
import {
  type ChargeCase,
  ago,
  attemptsOf,
  briefDecision,
  cashbackOf,
  inputOf,
  limits,
  listed,
} from './charge-builders.ts';

const since = ago(60_000);
const owing: Partial<ChargeInput> = {
  cashback: cashbackOf({
    rewarded: { user: 10n, service: 7n },
    owed: { service: 2n },
    operations: [listed('success')],
  }),
  attention: { code: 'owed', reason: 'owed', details: {}, since },
};
const forbidden: Partial<ChargeInput> = {
  cashback: cashbackOf({ status: 'failed', operations: [listed('failed', 'short of 3')] }),
  attention: { code: 'wallet_forbids_negative', reason: 'short of 3', details: {}, since },
};
const failing: Partial<ChargeInput> = {
  attention: { code: 'operations_failed', reason: 'failed', details: {}, since },
};

const owed = { code: 'owed', reason: 'the wallet owes 0.0002 (service) that it did not have' } as const;
const short = { code: 'wallet_forbids_negative', reason: 'short of 3' } as const;
const attempt = { action: 'update', finished: null, repeat: null } as const;
const wait = { action: 'needs_attention', finished: null } as const;

describe('decideCharge, when an order waits for money in its wallet:', () => {
  const cases: ChargeCase[] = [
    [
      'what is owed is tried again as soon as after a failure once the wallet has money',
      { ...owing, attempts: attemptsOf({ applied: 99, last_at: ago(1_000) }), wallet_filled: true },
      { ...attempt, ...owed },
    ],
    [
      'a wallet whose balance changes all the time costs no more attempts than that',
      { ...owing, attempts: attemptsOf({ applied: 99, last_at: ago(999) }), wallet_filled: true },
      { ...wait, ...owed },
    ],
    [
      'what is owed is not tried again so soon without money in the wallet',
      { ...owing, attempts: attemptsOf({ applied: 99, last_at: ago(1_000) }) },
      { ...wait, ...owed },
    ],
    [
      'slow attempts that are faster are not slowed down by money in the wallet',
      {
        ...owing,
        attempts: attemptsOf({ applied: 99, last_at: ago(500) }),
        wallet_filled: true,
        limits: { ...limits, attention_poll_ms: 500, attention_poll_max_ms: 500 },
      },
      { ...attempt, ...owed },
    ],
    [
      'what the wallet forbids is tried again as soon once the wallet has money',
      { ...forbidden, attempts: attemptsOf({ failed: 1, last_at: ago(1_000) }), wallet_filled: true },
      { ...attempt, ...short },
    ],
    [
      'after more failures it is tried again as late as after these: the wallet may always have too little',
      { ...forbidden, attempts: attemptsOf({ failed: 4, last_at: ago(7_999) }), wallet_filled: true },
      { ...wait, ...short },
    ],
    [
      'and no later than after many failures',
      { ...forbidden, attempts: attemptsOf({ failed: 99, last_at: ago(8_000) }), wallet_filled: true },
      { ...attempt, ...short },
    ],
    [
      'what the wallet forbids stays that between its attempts, however many failed and however long it takes',
      {
        ...forbidden,
        attempts: attemptsOf({ failed: 99, last_at: ago(1_000) }),
        waited_ms: 9_999_999,
      },
      { ...wait, ...short },
    ],
    [
      'money in the wallet is no reason to try again what fails for something else',
      { ...failing, attempts: attemptsOf({ failed: 5, last_at: ago(1_000) }), wallet_filled: true },
      { ...wait, code: 'operations_failed', reason: '5 operations of this revision failed' },
    ],
  ];
  test.each(cases)('%s', (_guarantee, given, decision) => {
    expect(briefDecision(decideCharge(inputOf(given)))).toEqual(decision);
  });
});
