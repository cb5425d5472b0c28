import { CashbackClientError } from '@cashback/client';
import { serviceConfigOf } from '@cashback/core';
import { describe, expect, it } from 'vitest';
import { readInvoice } from '../src/gather/read-invoice.ts';
import { readOrder, readRates } from '../src/gather/read-order.ts';
import { chooseSettings } from '../src/services/settings-of-order.ts';

describe('an answer of the server', () => {
  const missing = (code: string) => ({ error: new CashbackClientError(code, 'none', { retryable: false }) });

  it('that the order or its rates are not there is an answer, not a failure', () => {
    expect(readOrder(missing('ORDER_NOT_FOUND'))).toBeNull();
    expect(readRates(missing('RATES_NOT_FOUND'))).toBeNull();
  });

  it.each(['UNREACHABLE', 'NOT_FOUND', 'RATES_NOT_FOUND'])('with %s says nothing of the order', (code) => {
    const answer = missing(code);
    expect(() => readOrder(answer)).toThrow(answer.error);
  });
});

describe('an answer of transactions', () => {
  const invoice = {
    invoice_id: 'order-1',
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'EUR',
    invoice_epoch: 2,
    version: 4,
    status: 'cleared',
    payments: [],
    cashback: { version: 0, status: 'success', rewarded: [], operations: [] },
    created_at: '2026-01-02T03:04:05.678Z',
    updated_at: '2026-01-02T03:04:05.678Z',
  };

  it('is the invoice of the order, with fields of a newer release left out', () => {
    expect(readInvoice('order-1', { ...invoice, colour: 'red' })).toEqual({ invoice });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['is of another order', { ...invoice, invoice_id: 'order-2' }, 'answers with invoice order-2'],
    ['has an unknown status', { ...invoice, status: 'paid' }, 'status: expected one of'],
    ['has no payments', { ...invoice, payments: undefined }, 'payments: expected array'],
  ])('that %s is unreadable, with the reason', (_, answer, reason) => {
    expect(readInvoice('order-1', answer)).toEqual({ unreadable: expect.stringContaining(reason) });
  });
});

describe('the settings of an order', () => {
  const config = serviceConfigOf({
    earning_payment_types: ['card'],
    excluded_items: [],
    rounding: 'half_up',
    rounding_step: '0.01',
    max_share: '1',
    url_timeout_ms: 1_000,
  });
  const current = { config, config_hash: 'now' };
  const before = { ...config, rounding: 'down' as const };

  it('are those that it began with, from the archive, with both hashes', () => {
    const hashes = { frozen_hash: 'before', current_hash: 'now' };
    expect(chooseSettings('before', { current, archived: before })).toEqual({
      config: before,
      config_hash: 'before',
      ...hashes,
    });
    expect(chooseSettings('before', { current, archived: undefined })).toEqual({ ...current, ...hashes });
  });

  it('are the current ones of an order that begins now, and none of an unknown service', () => {
    expect(chooseSettings(null, { current, archived: undefined })).toEqual({
      ...current,
      frozen_hash: null,
      current_hash: 'now',
    });
    expect(chooseSettings(null, { current: undefined, archived: undefined })).toBeUndefined();
  });
});
