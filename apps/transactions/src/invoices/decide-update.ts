import { CashbackError, formatAmount } from '@cashback/contract';
import type { InvoiceStatus, InvoiceUpdateInput, Payment } from '@cashback/wire';
import { equalPayments, sumPayments } from './payments.ts';

export interface CurrentInvoice {
  version: number;
  status: InvoiceStatus;
  payments: readonly Payment[];
}

export type UpdateDecision =
  | { outcome: 'changed' }
  | { outcome: 'unchanged' }
  | { outcome: 'refused'; error: CashbackError };

const NEXT_STATUSES: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  held: ['held', 'cleared', 'cancelled'],
  cleared: ['cleared', 'cancelled'],
  cancelled: [],
};

/**
 * Decides an update of an invoice. Its content and version identify the update that made the current version, so a
 * repeat after a lost answer changes nothing. Neither does an update with the current content.
 */
export function decideUpdate(current: CurrentInvoice, input: InvoiceUpdateInput): UpdateDecision {
  const { invoice_id, version, status, payments } = input;
  const captured = sumPayments(payments);
  if (status === 'cancelled' && captured > 0n) {
    return refuse(
      'BAD_REQUEST',
      `payments: expected no amounts above 0 in a cancelled invoice, got ${formatAmount(captured)} in all`,
      { invoice_id, status, captured_sum: formatAmount(captured) },
    );
  }
  const sameContent = current.status === status && equalPayments(current.payments, payments);
  if (version === current.version - 1 && sameContent) return { outcome: 'unchanged' };
  if (version !== current.version) {
    return refuse(
      'VERSION_MISMATCH',
      `invoice ${invoice_id} is at version ${current.version}, the update is for version ${version}: retrieve it and decide again`,
      { invoice_id, version, current_version: current.version },
    );
  }
  if (!NEXT_STATUSES[current.status].includes(status)) {
    return refuse(
      'STATUS_FORBIDDEN',
      `invoice ${invoice_id} is ${current.status} and cannot become ${status}`,
      { invoice_id, status, current_status: current.status, allowed_statuses: NEXT_STATUSES[current.status] },
    );
  }
  return { outcome: sameContent ? 'unchanged' : 'changed' };
}

function refuse(...error: ConstructorParameters<typeof CashbackError>): UpdateDecision {
  return { outcome: 'refused', error: new CashbackError(...error) };
}
