import { CashbackClientError } from '@cashback/client';
import type { OrderRates, RegisterInput } from '@cashback/contract';
import { serviceConfigOf } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import { describe, expect, it } from 'vitest';
import type { Attempt, AttemptedOrder, Known } from '../src/process/attempt-state.ts';
import {
  MAX_ROUNDS,
  decideAttemptStep,
  startAttempt,
  withFailure,
  withoutStep,
  withKnown,
  withRegisterAnswer,
} from '../src/process/attempt.ts';

const rules = {
  earning_payment_types: ['card'],
  excluded_items: [],
  rounding: 'half_up' as const,
  rounding_step: '0.01',
  max_share: '1',
  url_timeout_ms: 1_000,
};
const yellow = { config: serviceConfigOf(rules), config_hash: 'hash' };
const green = {
  config: serviceConfigOf({ ...rules, url: 'http://green.test/cashback' }),
  config_hash: 'hash',
};
const invoice = {
  invoice_id: 'order-1',
  service: 'yellow',
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  version: 4,
  status: 'cleared' as const,
  payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100' }] }],
};
const rates: OrderRates = {
  order_id: 'order-1',
  service: 'yellow',
  rates: [{ source: 'user', rate: '0.05' }],
};
const order = { revision: 7, target: [{ source: 'service' as const, value: '2.0000' }], receipt: null };
const read: Known['invoice'] = { invoice, rates, service: yellow };
const change: AttemptedOrder = {
  order_id: 'order-1',
  service: 'yellow',
  config_hash: null,
  processed_epoch: 1,
  processed_version: 0,
  asks_again: false,
  brought_by: 'callback',
};
const unregistered = withKnown(startAttempt(change), { order: null, invoice: read });

function registers(attempt: Attempt): RegisterInput {
  const step = decideAttemptStep(attempt);
  if (step.step !== 'register') throw new Error(`expected register, got ${step.step}`);
  return step.input;
}

describe('a round of an attempt', () => {
  it('reads the revision first, then the invoice, and registers for that revision and version', () => {
    const start = startAttempt(change);
    expect(decideAttemptStep(start)).toEqual({ step: 'read_order' });
    const first = withKnown(start, { order });
    expect(decideAttemptStep(first)).toEqual({ step: 'read_invoice' });
    expect(registers(withKnown(first, { invoice: read }))).toMatchObject({
      expected_revision: 7,
      invoice_version: 4,
      cashback_by_source: [
        { source: 'user', value: '5.0000' },
        { source: 'service', value: '0.0000' },
      ],
    });
  });

  it('expects revision 0 of an order that was never registered', () => {
    expect(registers(unregistered)).toMatchObject({ expected_revision: 0 });
  });

  it('asks the URL of the service before it registers; without an answer the stored value is registered', () => {
    const known: Known = {
      order,
      invoice: {
        invoice: { ...invoice, service: 'green' },
        rates: { ...rates, service: 'green' },
        service: green,
      },
    };
    const asking = withKnown(startAttempt(change), known);
    expect(decideAttemptStep(asking)).toMatchObject({ step: 'ask_service', service: 'green' });
    const valueOf = (attempt: Attempt) =>
      registers(attempt).cashback_by_source?.find(({ source }) => source === 'service')?.value;
    const answered = withKnown(asking, { service_answer: { answered: true, value: 30_000n } });
    const silent = withKnown(asking, {
      service_answer: { answered: false, is_unusable: false, reason: 'no answer' },
    });
    expect([valueOf(answered), valueOf(silent)]).toEqual(['3.0000', '2.0000']);
    const registered = { outcome: 'registered', invoice_epoch: 1, invoice_version: 4 } as const;
    const outcomes = [answered, silent].map((attempt) => withRegisterAnswer(attempt, invoice4, registered));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      { outcome: 'processed', invoice: { epoch: 1, version: 4 }, config_hash: 'hash', asks_again: false },
      { outcome: 'processed', invoice: { epoch: 1, version: 4 }, config_hash: 'hash', asks_again: true },
    ]);
  });

  it.each<[string, Known['invoice'], object]>([
    [
      'is held, without a register',
      { invoice: { ...invoice, status: 'held' }, rates, service: yellow },
      { outcome: 'processed', invoice: { epoch: 1, version: 4 }, config_hash: 'hash', asks_again: false },
    ],
    [
      'has no rates, to wait for them',
      { invoice, rates: null, service: yellow },
      { outcome: 'waiting', reason: 'the order has no rates', cause: { code: 'rates_missing', details: {} } },
    ],
    [
      'is of an unknown service, with attention',
      { invoice, rates, service: undefined },
      {
        outcome: 'attention',
        reason: 'the service yellow is not in CASHBACK_SERVICES',
        cause: { code: 'settings_missing', details: { service: 'yellow' } },
      },
    ],
    [
      'is unusable, to wait for another answer',
      { unreadable: 'it has no currency' },
      {
        outcome: 'waiting',
        reason: 'it has no currency',
        cause: { code: 'observation_unreadable', details: {} },
      },
    ],
  ])('ends when the invoice %s', (_, known, outcome) => {
    const attempt = withKnown(startAttempt(change), { order, ...(known && { invoice: known }) });
    expect(decideAttemptStep(attempt)).toEqual({ step: 'end', outcome });
  });
});

const invoice4 = { invoice_version: 4 };
const conflict = new CashbackClientError('REVISION_CONFLICT', 'it is at revision 8', { retryable: true });

describe('an attempt at a version that was processed already', () => {
  const question = {
    invoice_version: 4,
    cleared_sum: '100.0000',
    base: '100.0000',
    config_hash: 'hash',
    sources: [{ source: 'service', origin: 'url', exact: '3.0000000000' }],
  };
  const asked = (receipt: Record<string, unknown>, attempted: Partial<AttemptedOrder> = {}) =>
    withKnown(startAttempt({ ...change, processed_version: 4, ...attempted }), {
      order: { ...order, receipt: receipt as never },
      invoice: {
        invoice: { ...invoice, service: 'green' },
        rates: { ...rates, service: 'green' },
        service: green,
      },
    });

  it('repeats the calculation with the answer of the service that its receipt has', () => {
    const values = registers(asked(question)).cashback_by_source;
    expect(values).toContainEqual({ source: 'service', value: '3.0000' });
  });

  it.each<[string, Record<string, unknown>, Partial<AttemptedOrder>]>([
    ['the receipt is of another version', { ...question, invoice_version: 3 }, {}],
    ['the receipt is of another sum', { ...question, cleared_sum: '90.0000' }, {}],
    ['the receipt is of other settings', { ...question, config_hash: 'other' }, {}],
    ['the value was kept', { ...question, sources: [{ ...question.sources[0], origin: 'kept' }] }, {}],
    ['the receipt is of another caller', { note: 'by hand' }, {}],
    ['the URL did not answer', question, { asks_again: true }],
    ['the version was processed in another epoch', question, { processed_epoch: 2 }],
    ['the version was not processed', question, { processed_version: 3 }],
  ])('asks the service again when %s', (_, receipt, attempted) => {
    expect(decideAttemptStep(asked(receipt, attempted))).toMatchObject({ step: 'ask_service' });
  });
});

describe('an attempt', () => {
  it('registers the epoch that the invoice states, and counts it as processed', () => {
    const restored = withKnown(startAttempt(change), {
      order,
      invoice: { invoice: { ...invoice, invoice_epoch: 2 }, rates, service: yellow },
    });
    const input = registers(restored);
    expect(input).toMatchObject({ invoice_epoch: 2, invoice_version: 4, expected_revision: 7 });
    const answer = { outcome: 'unchanged', invoice_epoch: 2, invoice_version: 4 } as const;
    expect(withRegisterAnswer(restored, input, answer).outcome).toEqual({
      outcome: 'processed',
      invoice: { epoch: 2, version: 4 },
      config_hash: 'hash',
      asks_again: false,
    });
    expect(registers(unregistered)).not.toHaveProperty('invoice_epoch');
  });

  it.each<[string, (attempt: Attempt) => Attempt, object]>([
    [
      'stale',
      (attempt) =>
        withRegisterAnswer(attempt, invoice4, { outcome: 'stale', invoice_epoch: 1, invoice_version: 5 }),
      {
        reason: 'the server has version 5 of the invoice, transactions shows version 4',
        cause: {
          code: 'observation_stale',
          details: { server: { epoch: 1, version: 5 }, shown: { epoch: 1, version: 4 } },
        },
        obstacle: {
          class: 'version_behind',
          before: { epoch: 1, version: 5 },
          after: { epoch: 1, version: 4 },
        },
      },
    ],
    [
      'a conflict',
      (attempt) => withFailure(attempt, conflict),
      { reason: 'it is at revision 8', cause: { code: 'register_overtaken', details: {} } },
    ],
  ])('that is %s starts over, and waits after 5 rounds', (_, answer, expected) => {
    let attempt = unregistered;
    for (let round = 1; round < MAX_ROUNDS; round += 1) {
      attempt = answer(attempt);
      expect(decideAttemptStep(attempt)).toEqual({ step: 'read_order' });
      attempt = withKnown(attempt, unregistered.known);
    }
    expect(decideAttemptStep(answer(attempt))).toEqual({
      step: 'end',
      outcome: { outcome: 'waiting', ...expected },
    });
  });

  it('counts the answers of register over its rounds', () => {
    const stale = withRegisterAnswer(unregistered, invoice4, {
      outcome: 'stale',
      invoice_epoch: 1,
      invoice_version: 5,
    });
    const { answers } = withRegisterAnswer(stale, invoice4, {
      outcome: 'unchanged',
      invoice_epoch: 1,
      invoice_version: 4,
    });
    expect(answers).toEqual({ registered: 0, unchanged: 1, stale: 1 });
  });

  const http = (outcome: 'refused' | 'unknown', code: string, retry_after_ms?: number): HttpCallError =>
    new HttpCallError('no', {
      upstream: 'transactions',
      method: 'POST',
      url: '/v2/invoice/retrieve',
      outcome,
      code,
      ...(retry_after_ms !== undefined && { retry_after_ms }),
    });
  const server = (code: string, retryable: boolean): CashbackClientError =>
    new CashbackClientError(code, 'no', { retryable });

  it.each<[string, unknown, object]>([
    ['no answer of transactions', http('unknown', 'TIMEOUT'), { outcome: 'failed' }],
    [
      'an overloaded transactions, for as long as it says',
      http('unknown', 'OVERLOADED', 7_000),
      { outcome: 'failed', retry_after_ms: 7_000 },
    ],
    ['a token that transactions does not know', http('refused', 'UNAUTHORIZED'), { outcome: 'failed' }],
    ['a server that is down', server('UNREACHABLE', true), { outcome: 'failed' }],
    ['a missing scope at the server', server('FORBIDDEN', false), { outcome: 'failed' }],
    ['an internal error of the server', server('INTERNAL', true), { outcome: 'failed' }],
    ['an error of our own, as of the database', new Error('terminated'), { outcome: 'failed' }],
  ])('is retried after %s', (_, error, outcome) => {
    expect(withFailure(unregistered, error).outcome).toMatchObject(outcome);
  });

  it('waits for an invoice that is not there', () => {
    const { outcome } = withFailure(unregistered, http('refused', 'INVOICE_NOT_FOUND'));
    expect(outcome).toMatchObject({ outcome: 'waiting', cause: { code: 'observation_missing' } });
  });

  it.each<[string, unknown, string, string]>([
    [
      'transactions refuses the order',
      http('refused', 'STATUS_FORBIDDEN'),
      'STATUS_FORBIDDEN: ',
      'observation_unreadable',
    ],
    [
      'the server refuses the order',
      server('IMMUTABLE_FIELD', false),
      'server: IMMUTABLE_FIELD: no',
      'register_refused',
    ],
  ])('needs attention when %s', (_, error, reason, code) => {
    const { outcome } = withFailure(unregistered, error);
    expect(outcome).toMatchObject({ outcome: 'attention', cause: { code } });
    expect(outcome).toHaveProperty('reason', expect.stringContaining(reason));
  });

  it('needs attention when nothing can be calculated', () => {
    expect(withoutStep(unregistered, new Error('no cap')).outcome).toMatchObject({
      outcome: 'attention',
      reason: 'cannot be calculated: no cap',
      cause: { code: 'not_calculable' },
    });
  });
});
