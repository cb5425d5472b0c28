import { FIRST_EPOCH, type LockedInvoice } from '../../invoices/invoice.ts';
import type { FirstVersion } from '../../invoices/decide-creation.ts';
import type {
  CreationWrites,
  HistoryEntry,
  PayeeWrites,
  StatedInvoice,
} from '../../invoices/version-writes.ts';

/** The rules of the statements on invoices, as those in `operations.ts`. */
export interface InvoiceRow extends LockedInvoice {
  /** Grows by 1 with every change of payee. */
  payee_version: number;
  created_at: number;
  updated_at: number;
}

export const FIRST_PAYEE = 1;

/** `insertInvoice`, in the newest epoch. Its history is compared with Trust's when that is not the first one. */
export function insertedInvoice(
  invoice: CreationWrites['invoice'],
  now: number,
  epoch = FIRST_EPOCH,
): InvoiceRow {
  return {
    ...invoice,
    version: 1,
    cashback_version: 0,
    reconciled_epoch: FIRST_EPOCH,
    payee_version: FIRST_PAYEE,
    epoch,
    created_at: now,
    updated_at: now,
  };
}

/** `markAdopted` */
export function adoptedInvoice(row: InvoiceRow, epoch: number): InvoiceRow {
  if (row.reconciled_epoch >= epoch) {
    throw new Error(`invoice ${row.invoice_id} was adopted in epoch ${epoch} before`);
  }
  return { ...row, reconciled_epoch: epoch };
}

/** `updateInvoice` */
export function updatedInvoice(row: InvoiceRow, stated: StatedInvoice, now: number): InvoiceRow {
  const { version, status, payments } = stated;
  if (row.version !== version - 1) {
    throw new Error(`invoice ${row.invoice_id} is at version ${row.version}, expected ${version - 1}`);
  }
  return { ...row, version, status, payments, updated_at: now };
}

/** `updatePayee` */
export function withPayee(row: InvoiceRow, payee: PayeeWrites['payee']): InvoiceRow {
  return { ...row, ...payee, payee_version: row.payee_version + 1 };
}

/** `advanceCashbackVersions` */
export function withCashbackVersion(
  row: InvoiceRow,
  { cashback_version }: { cashback_version: number },
  now: number,
): InvoiceRow {
  if (row.cashback_version >= cashback_version) {
    throw new Error(`the cashback version of invoice ${row.invoice_id} does not grow`);
  }
  return { ...row, cashback_version, updated_at: now };
}

/** `readFirstVersion`, of an invoice and its history, oldest first. */
export function firstVersionOf(
  { invoice_id, service, user_id, wallet_id, currency, payee_version }: InvoiceRow,
  history: readonly HistoryEntry[],
): FirstVersion {
  const [first] = history;
  if (first === undefined) throw new Error(`invoice ${invoice_id} has no first version`);
  const { status, payments, change_id } = first;
  if (status === 'cancelled') throw new Error(`invoice ${invoice_id} was created cancelled`);
  const changed = history.find(({ payee_change }) => payee_change !== undefined)?.payee_change;
  const payee = changed !== undefined && payee_version > FIRST_PAYEE ? changed.from : { user_id, wallet_id };
  return { invoice_id, service, ...payee, currency, status, payments, change_id };
}
