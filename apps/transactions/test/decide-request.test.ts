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

function refusal(input: typeof request, context: Parameters<typeof decideRequest>[1]) {
  const decision = decideRequest(input, context);
  if (decision.outcome !== 'refused') throw new Error(decision.outcome);
  const { code, details } = decision.error;
  return { code, details };
}

test('a new operation is accepted', () => {
  expect(decideRequest(request, nothing)).toEqual({ outcome: 'accepted', invoice });
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
