import type { UpdateCashbackInput } from '@cashback/wire';
import { describe, expect, test } from 'vitest';
import { decideRequest } from '../src/cashback/accept/decide-request.ts';
import type { StoredOperation } from '../src/cashback/operation.ts';
import type { LockedInvoice } from '../src/invoices/invoice.ts';

// The order of the checks over the wire is shown by the guarantees T23 to T28 of the conformance suite.

const payee = { user_id: 'user', wallet_id: 'wallet', currency: 'USD' };
const invoice: LockedInvoice = {
  invoice_id: 'invoice',
  service: 'yellow',
  ...payee,
  version: 1,
  status: 'cleared',
  payments: [],
  cashback_version: 2,
  reconciled_epoch: 1,
  epoch: 1,
};
const reward: StoredOperation['reward'] = [{ source: 'user', amount: '10' }];
const equalReward: StoredOperation['reward'] = [
  { source: 'service', amount: '0' },
  { source: 'user', amount: '10.0000' },
];
const request = { invoice_id: 'invoice', operation_id: 'operation', version: 2, ...payee, reward };
const known: StoredOperation = {
  ...request,
  version: 3,
  reward: [{ source: 'user', amount: '10.0000' }],
  wallet_policy: 'go_negative',
  status: 'success',
};
const unfinished: StoredOperation = { ...known, operation_id: 'another', status: 'in-progress' };
const nothing = { invoice, known: null, unfinished: null };
/** Fails every check but the one in question. */
const wrong = { ...request, version: 77, user_id: 'another-user' };

function refusal(input: UpdateCashbackInput, context: Parameters<typeof decideRequest>[1]) {
  const decision = decideRequest(input, context);
  if (decision.outcome !== 'refused') throw new Error(decision.outcome);
  const { code, details } = decision.error;
  return { code, details };
}

test('a new operation is accepted', () => {
  expect(decideRequest(request, nothing)).toEqual({ outcome: 'accepted', invoice, completes: false });
});

describe('the operation id is checked first', () => {
  test.each([
    ['whatever version the invoice has', request],
    ['with its amounts and sources written in another way', { ...request, reward: equalReward }],
  ])('the same body is known, %s', (_, input) => {
    expect(decideRequest(input, { invoice: null, known, unfinished })).toEqual({
      outcome: 'known',
      operation: known,
    });
  });

  test.each([
    ['user_id', 'another-user'],
    ['wallet_id', 'another-wallet'],
    ['currency', 'EUR'],
    ['version', 3],
    ['reward', [{ source: 'user', amount: '10.0001' }]],
    ['invoice_id', 'another-invoice'],
  ])('another %s is refused before any other check', (field, value) => {
    expect(refusal({ ...request, [field]: value }, { invoice: null, known, unfinished })).toEqual({
      code: 'OPERATION_BODY_MISMATCH',
      details: { operation_id: 'operation', fields: [field] },
    });
  });
});

test('the invoice is checked second', () => {
  expect(refusal(wrong, { invoice: null, known: null, unfinished }).code).toBe('INVOICE_NOT_FOUND');
});

test('an unfinished operation is checked third', () => {
  expect(refusal(wrong, { invoice, known: null, unfinished })).toEqual({
    code: 'OPERATION_IN_FLIGHT',
    details: { invoice_id: 'invoice', operation_id: 'another', status: 'in-progress' },
  });
});

test.each([0, 1, 3])('the version is checked fourth: %i is refused at version 2', (version) => {
  expect(refusal({ ...wrong, version }, nothing)).toEqual({
    code: 'VERSION_MISMATCH',
    details: { invoice_id: 'invoice', version, current_version: 2 },
  });
});

test.each([
  ['user_id', 'another-user'],
  ['wallet_id', 'another-wallet'],
  ['currency', 'EUR'],
] as const)('the payee is checked last: another %s is refused, naming both', (field, received) => {
  expect(refusal({ ...request, [field]: received }, nothing)).toEqual({
    code: 'PAYEE_MISMATCH',
    details: { invoice_id: 'invoice', fields: [{ field, expected: invoice[field], received }] },
  });
});

describe('after a restore, where the payment system has no list', () => {
  const restored = { invoice: { ...invoice, epoch: 5 }, known: null, unfinished: null, compared: 1 };
  const stating = (state: 'repeated' | 'complete', invoice_epoch = 5) => ({
    ...request,
    history: { invoice_epoch, state },
  });

  test.each([
    ['nothing is stated', request],
    ['it was stated of the epoch before', stating('complete', 4)],
    // It may have been carried out before the restore, and must not count as rejected.
    ['nothing is stated, whatever the version', { ...request, version: 7 }],
  ])('an operation waits when %s', (_, input) => {
    expect(refusal(input, restored).code).toBe('HISTORY_UNKNOWN');
  });

  test.each([
    ['one that is repeated leaves the history unknown', stating('repeated'), false],
    ['one of a caller that has repeated all others completes it', stating('complete'), true],
  ])('%s', (_, input, completes) => {
    expect(decideRequest(input, restored)).toMatchObject({ outcome: 'accepted', completes });
  });

  test.each([
    ['version', { version: 7 }, 'VERSION_MISMATCH'],
    ['payee', { wallet_id: 'another' }, 'PAYEE_MISMATCH'],
  ])('one that is repeated for another %s is refused as any other', (_, other, code) => {
    expect(refusal({ ...stating('repeated'), ...other }, restored).code).toBe(code);
  });

  test('a statement means nothing once a person has compared, or the payment system has a list', () => {
    for (const compared of [5, null]) {
      expect(refusal(stating('complete'), { ...restored, compared }).code).toBe('HISTORY_UNKNOWN');
    }
    const adopted = { ...restored, invoice: { ...restored.invoice, reconciled_epoch: 5 } };
    expect(decideRequest(stating('repeated', 2), adopted)).toMatchObject({ completes: false });
  });
});
