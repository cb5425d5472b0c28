import { formatAmount } from '@cashback/contract';
import type {
  InvoiceChangePayeeInput,
  InvoiceChangedCallback,
  InvoiceCreateInput,
  InvoiceStatus,
  InvoiceUpdateInput,
  Payment,
} from '@cashback/wire';
import type { LockedInvoice } from './invoice.ts';
import type { PayeeChange } from '../db/tables.ts';
import { capturedSum, normalisePayments } from './payments.ts';

/** What changes in an invoice's row; the version before it is one less. */
export interface StatedInvoice {
  invoice_id: string;
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
}

/** The row that keeps a version forever. */
export interface HistoryEntry extends StatedInvoice {
  captured_sum: string;
  /** The caller whose token it was. */
  changed_by: string;
  /** The caller's own id of the change; null when it gave none. */
  change_id: string | null;
  /** Of a version that changed the payee. */
  payee_change?: PayeeChange;
}

/** What a new version of an invoice writes. */
export interface VersionWrites {
  invoice: StatedInvoice;
  history: HistoryEntry;
  callback: InvoiceChangedCallback;
}

/** Version 1, with the identity that never changes. */
export interface CreationWrites extends VersionWrites {
  invoice: Omit<InvoiceCreateInput, 'change_id'> & StatedInvoice;
}

export function writesOfCreation(input: InvoiceCreateInput, changedBy: string): CreationWrites {
  const { change_id, ...identity } = input;
  const invoice = { ...identity, version: 1, payments: normalisePayments(input.payments) };
  return {
    ...versionWrites(invoice, input.service, { changed_by: changedBy, change_id: change_id ?? null }),
    invoice,
  };
}

/** `input` was decided to change the invoice, so it names the current version. */
export function writesOfUpdate(
  { service }: { service: string },
  { invoice_id, version, status, payments, change_id }: InvoiceUpdateInput,
  changedBy: string,
): VersionWrites {
  const invoice = { invoice_id, version: version + 1, status, payments: normalisePayments(payments) };
  return versionWrites(invoice, service, { changed_by: changedBy, change_id: change_id ?? null });
}

/** What a change of payee writes: a version with the money as it is. */
export interface PayeeWrites extends VersionWrites {
  payee: PayeeChange['to'];
  /** It raises this version too: no operation for the payee before is accepted any more. */
  cashback_version: number;
}

/** `input` was decided to change the payee, so it names the current version. */
export function writesOfPayee(
  current: LockedInvoice,
  { user_id, wallet_id, reason }: InvoiceChangePayeeInput,
  changedBy: string,
): PayeeWrites {
  const { invoice_id, version, status, payments, service, cashback_version } = current;
  const to = { user_id, wallet_id };
  const invoice = { invoice_id, version: version + 1, status, payments };
  const { history, ...writes } = versionWrites(invoice, service, { changed_by: changedBy, change_id: null });
  const payee_change = { from: { user_id: current.user_id, wallet_id: current.wallet_id }, to, reason };
  return {
    ...writes,
    history: { ...history, payee_change },
    payee: to,
    cashback_version: cashback_version + 1,
  };
}

function versionWrites(
  invoice: StatedInvoice,
  service: string,
  by: Pick<HistoryEntry, 'changed_by' | 'change_id'>,
): VersionWrites {
  const { invoice_id, version, status, payments } = invoice;
  const captured_sum = formatAmount(capturedSum(status, payments));
  return {
    invoice,
    history: { invoice_id, version, status, payments, captured_sum, ...by },
    callback: { invoice_id, version, service },
  };
}
