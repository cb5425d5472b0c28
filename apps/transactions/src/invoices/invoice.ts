import { CashbackError } from '@cashback/contract';
import type { InvoiceStatus, Payment } from '@cashback/wire';

/** An invoice under its lock. */
export interface LockedInvoice {
  invoice_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  /** Grows by 1 with every change of money. */
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  /** Grows by 1 when an operation is accepted, and again when it ends. */
  cashback_version: number;
  /** Up to this epoch its baskets are known to be those of Trust. */
  reconciled_epoch: number;
  /** The newest one of this side. */
  epoch: number;
}

/** False after a restore, until what Trust has of the invoice was adopted. */
export function isAdopted({ reconciled_epoch, epoch }: LockedInvoice): boolean {
  return reconciled_epoch >= epoch;
}

/**
 * Where Trust has no list, and nobody has compared the newest epoch with its export, operations that were carried out may be
 * missing here. `compared`: the newest epoch that was compared; null: Trust has a list, so its callers need not know.
 */
export function isHistoryUnknownIn(
  { reconciled_epoch, epoch }: Pick<LockedInvoice, 'reconciled_epoch' | 'epoch'>,
  compared: number | null,
): boolean {
  return compared !== null && reconciled_epoch < epoch && compared < epoch;
}

/** A side that was never restored has nothing to adopt. */
export const FIRST_EPOCH = 1;

export function invoiceNotFound(invoiceId: string): CashbackError {
  return new CashbackError('INVOICE_NOT_FOUND', `there is no invoice ${invoiceId}`, {
    invoice_id: invoiceId,
  });
}
