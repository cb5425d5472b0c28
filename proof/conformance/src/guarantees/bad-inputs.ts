import type { InvoiceCreateInput } from '@cashback/wire';
import type { RouteName } from '../api.ts';
import { type Harness, paid } from '../harness.ts';

export interface BadInput {
  name: RouteName;
  what: string;
  body: unknown;
  /** The field that the answer must name. */
  field: string;
}

/** Bodies that break one rule each; each is about an existing invoice, or would create a new one. */
export function badInputs(harness: Harness, invoice: InvoiceCreateInput): BadInput[] {
  const { invoice_id } = invoice;
  const create = harness.newInvoice();
  const update = { invoice_id, version: 1, status: 'cleared', payments: paid('50') };
  const operation = harness.newOperation(invoice, 0, { user: '1' });
  const payee = { invoice_id, version: 1, user_id: 'other', wallet_id: 'other', reason: 'merged' };
  const without = (body: object, field: string): object =>
    Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
  const item = 'payments[0].items[0].amount';
  const rewardOf = (...entries: [string, unknown][]) =>
    entries.map(([source, amount]) => ({ source, amount }));
  return [
    { name: 'changePayee', what: 'no reason', body: without(payee, 'reason'), field: 'reason' },
    { name: 'changePayee', what: 'another currency', body: { ...payee, currency: 'EUR' }, field: 'currency' },
    { name: 'create', what: 'an unknown field', body: { ...create, note: 'x' }, field: 'note' },
    { name: 'create', what: 'no currency', body: without(create, 'currency'), field: 'currency' },
    { name: 'create', what: 'a lowercase currency', body: { ...create, currency: 'usd' }, field: 'currency' },
    { name: 'create', what: 'a space in an id', body: { ...create, wallet_id: 'a b' }, field: 'wallet_id' },
    {
      name: 'create',
      what: 'created as cancelled',
      body: { ...create, status: 'cancelled' },
      field: 'status',
    },
    { name: 'create', what: 'a fifth decimal', body: { ...create, payments: paid('1.00001') }, field: item },
    { name: 'create', what: 'a negative amount', body: { ...create, payments: paid('-1') }, field: item },
    { name: 'create', what: 'an exponent', body: { ...create, payments: paid('1e3') }, field: item },
    { name: 'create', what: 'NaN', body: { ...create, payments: paid('NaN') }, field: item },
    { name: 'create', what: '13 digits', body: { ...create, payments: paid('1000000000000') }, field: item },
    {
      name: 'create',
      what: 'a number for an amount',
      body: { ...create, payments: [{ payment_type: 'card', items: [{ item_id: 'a', amount: 1 }] }] },
      field: item,
    },
    { name: 'update', what: 'no version', body: without(update, 'version'), field: 'version' },
    { name: 'update', what: 'version 0', body: { ...update, version: 0 }, field: 'version' },
    { name: 'update', what: 'a version as text', body: { ...update, version: '1' }, field: 'version' },
    { name: 'update', what: 'an unknown status', body: { ...update, status: 'paid' }, field: 'status' },
    { name: 'update', what: 'an unknown field', body: { ...update, note: 'x' }, field: 'note' },
    { name: 'retrieve', what: 'no id', body: {}, field: 'invoice_id' },
    { name: 'changes', what: 'a page of 0', body: { limit: 0 }, field: 'limit' },
    { name: 'changes', what: 'a page of 1001', body: { limit: 1_001 }, field: 'limit' },
    {
      name: 'updateCashback',
      what: 'a source twice',
      body: { ...operation, reward: rewardOf(['user', '1'], ['user', '2']) },
      field: 'reward[1].source',
    },
    {
      name: 'updateCashback',
      what: 'an unknown source',
      body: { ...operation, reward: rewardOf(['bank', '1']) },
      field: 'reward[0].source',
    },
    {
      name: 'updateCashback',
      what: 'an amount below zero',
      body: { ...operation, reward: rewardOf(['user', '-1']) },
      field: 'reward[0].amount',
    },
    {
      name: 'updateCashback',
      what: 'a fifth decimal',
      body: { ...operation, reward: rewardOf(['user', '0.00001']) },
      field: 'reward[0].amount',
    },
    {
      name: 'updateCashback',
      what: 'a number for an amount',
      body: { ...operation, reward: rewardOf(['user', 1]) },
      field: 'reward[0].amount',
    },
    {
      name: 'updateCashback',
      what: 'a version below zero',
      body: { ...operation, version: -1 },
      field: 'version',
    },
    {
      name: 'updateCashback',
      what: 'no id',
      body: without(operation, 'operation_id'),
      field: 'operation_id',
    },
    { name: 'updateCashback', what: 'an unknown field', body: { ...operation, note: 'x' }, field: 'note' },
  ];
}
