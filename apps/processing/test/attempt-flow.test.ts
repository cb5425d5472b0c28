import { CashbackClientError } from '@cashback/client';
import { serviceConfigOf } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import { describe, expect, it } from 'vitest';
import { type Answered, attemptAfter, beginAttempt, endOf, nextStep } from '../src/process/attempt-flow.ts';
import type { Attempt } from '../src/process/attempt-state.ts';
import { withKnown } from '../src/process/attempt.ts';
import { createStepFailures } from '../src/process/step-failures.ts';
import { untouchedChange } from './support/change-row.ts';

const config = serviceConfigOf({
  earning_payment_types: ['card'],
  excluded_items: [],
  rounding: 'half_up',
  rounding_step: '0.01',
  max_share: '1',
  url_timeout_ms: 1_000,
  url: 'http://green.test/cashback',
});
const identity = { service: 'green', user_id: 'user-1', wallet_id: 'wallet-1', currency: 'EUR' };
const invoice = {
  ...identity,
  invoice_id: 'order-1',
  version: 4,
  status: 'cleared' as const,
  payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100' }] }],
};
const answeredInvoice = {
  ...invoice,
  cashback: { version: 0, status: 'success', rewarded: [], operations: [] },
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
};
const rates = { order_id: 'order-1', service: 'green', rates: [{ source: 'user' as const, rate: '0.05' }] };
const current = { config, config_hash: 'now' };
const missing = (code: string) => ({ error: new CashbackClientError(code, 'none', { retryable: false }) });
const down = {
  error: new HttpCallError('no answer', {
    upstream: 'transactions',
    method: 'POST',
    url: 'http://transactions.test/',
    outcome: 'unknown',
    code: 'TIMEOUT',
  }),
};
const aborted = {
  error: new HttpCallError('was given up', {
    upstream: 'green',
    method: 'POST',
    url: 'http://green.test/',
    outcome: 'unknown',
    code: 'ABORTED',
  }),
};

const failures = () => createStepFailures({ retry_max_ms: 1_000, now: () => 0 });
const start = (): Attempt => beginAttempt(untouchedChange('order-1'), failures());
const after = (attempt: Attempt, ...answers: Answered[]): Attempt =>
  answers.reduce((known, answered) => attemptAfter(known, answered, failures()), attempt);

const readOrder: Answered = { step: 'read_order', order: missing('ORDER_NOT_FOUND') };
const readInvoice: Answered = {
  step: 'read_invoice',
  invoice: { body: answeredInvoice },
  rates: { body: rates },
};
const found: Answered = { step: 'find_settings', settings: { body: { current, archived: undefined } } };

describe('an attempt', () => {
  it('reads the order, then its invoice and rates, finds its settings, asks its service, registers and ends', () => {
    const gathered = after(start(), readOrder, readInvoice);
    expect(nextStep(start())).toEqual({ step: 'read_order' });
    expect(nextStep(after(start(), readOrder))).toEqual({ step: 'read_invoice' });
    expect(nextStep(gathered)).toEqual({ step: 'find_settings', service: 'green', hash: null });
    const asks = nextStep(after(gathered, found));
    if (asks.step !== 'ask_service') throw new Error(`expected a question, got ${asks.step}`);
    const { question } = asks;
    const answer = { body: { value: '3' } };
    const answered = after(gathered, found, { step: 'ask_service', question, answer });
    const registers = nextStep(answered);
    if (registers.step !== 'register') throw new Error(`expected register, got ${registers.step}`);
    const { input } = registers;
    expect(input).toMatchObject({
      cashback_by_source: [
        { source: 'user', value: '5.0000' },
        { source: 'service', value: '3.0000' },
      ],
    });
    const body = {
      outcome: 'registered' as const,
      need_processing: true as const,
      revision: 1,
      invoice_epoch: 1,
      invoice_version: 4,
      cashback_sum: '8.0000',
      cashback_by_source: input.cashback_by_source ?? [],
    };
    const done = nextStep(after(answered, { step: 'register', input, answer: { body } }));
    const outcome = {
      outcome: 'processed',
      invoice: { epoch: 1, version: 4 },
      config_hash: 'now',
      asks_again: false,
    };
    expect(done).toEqual({ step: 'end', outcome });
  });

  it('goes by the settings that the order began with, which its row names', () => {
    const begun = beginAttempt({ ...untouchedChange('order-1'), config_hash: 'before' }, failures());
    const gathered = after(begun, readOrder, readInvoice);
    expect(nextStep(gathered)).toEqual({ step: 'find_settings', service: 'green', hash: 'before' });
    const before = { ...config, rounding: 'down' as const };
    const { invoice: read } = after(gathered, {
      step: 'find_settings',
      settings: { body: { current, archived: before } },
    }).known;
    expect(read).toMatchObject({ service: { config: before, config_hash: 'before', current_hash: 'now' } });
  });

  it.each<[string, Answered]>([
    ['the order', { step: 'read_order', order: down }],
    ['the invoice', { step: 'read_invoice', invoice: down, rates: { body: rates } }],
    ['the rates', { step: 'read_invoice', invoice: { body: answeredInvoice }, rates: down }],
  ])('without an answer about %s ends as failed, and registers nothing', (_, answered) => {
    const begun = answered.step === 'read_order' ? start() : after(start(), readOrder);
    expect(nextStep(after(begun, answered))).toMatchObject({
      step: 'end',
      outcome: { outcome: 'failed', failure_of: 'unknown' },
    });
  });

  it('keeps the value of a service that does not answer, but takes a question that was given up for no answer at all', () => {
    const gathered = after(start(), readOrder, readInvoice, found);
    const asks = nextStep(gathered);
    if (asks.step !== 'ask_service') throw new Error(`expected a question, got ${asks.step}`);
    const { step, question } = asks;
    expect(nextStep(after(gathered, { step, question, answer: down }))).toMatchObject({ step: 'register' });
    expect(nextStep(after(gathered, { step, question, answer: aborted }))).toMatchObject({
      step: 'end',
      outcome: { outcome: 'failed' },
    });
  });

  it('reports settings that have changed since only when the order was processed', () => {
    const change = { ...untouchedChange('order-1'), config_hash: 'before', processed_version: 4 };
    const service = { config, config_hash: 'before', frozen_hash: 'before', current_hash: 'now' };
    const attempt = withKnown(beginAttempt(change, failures()), { invoice: { invoice, rates, service } });
    const processed = {
      outcome: 'processed',
      invoice: { epoch: 1, version: 4 },
      config_hash: 'before',
      asks_again: false,
    } as const;
    expect(endOf(attempt, processed).drifts).toMatchObject([{ class: 'settings_differ' }]);
    expect(endOf(attempt, { outcome: 'failed', reason: 'no answer' }).drifts).toEqual([]);
  });
});

describe('the failures of an attempt', () => {
  const failed = (counted: ReturnType<typeof failures>, orderId: string, order: Answered) =>
    attemptAfter(beginAttempt({ ...untouchedChange(orderId), failures: 1 }, counted), order, counted).outcome;
  const unanswered: Answered = { step: 'read_order', order: down };

  it('are its own while more attempts at other orders succeed, and those of the side otherwise', () => {
    const counted = failures();
    expect(failed(counted, 'order-1', unanswered)).toMatchObject({ failure_of: 'unknown' });
    for (const other of ['order-2', 'order-3']) failed(counted, other, readOrder);
    expect(failed(counted, 'order-1', unanswered)).toMatchObject({ failure_of: 'item' });
    failed(counted, 'order-2', unanswered);
    expect(failed(counted, 'order-1', unanswered)).toMatchObject({ failure_of: 'side' });
  });

  it('are forgotten when the order begins without failures in a row', () => {
    const counted = failures();
    failed(counted, 'order-1', unanswered);
    for (const other of ['order-2', 'order-3']) failed(counted, other, readOrder);
    beginAttempt(untouchedChange('order-1'), counted);
    expect(failed(counted, 'order-1', unanswered)).toMatchObject({ failure_of: 'unknown' });
  });
});
