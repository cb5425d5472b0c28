import { CashbackError, formatAmount } from '@cashback/contract';
import type { InvoiceStatus, InvoiceUpdateInput, Payment } from '@cashback/wire';
import { changeMismatch } from './decide-creation.ts';
import { invoiceNotFound } from './invoice.ts';
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
 * Decides an update of an invoice. Without a change id its content and version identify the update that made the
 * current version, so a repeat after a lost answer changes nothing. Neither does an update with the current content.
 * A change id alone identifies its update: `made` is the version that it made before. Another id is another change.
 * `current` is null for an invoice that is not there.
 */
export function decideUpdate(
  current: CurrentInvoice | null,
  input: InvoiceUpdateInput,
  made: CurrentInvoice | null = null,
): UpdateDecision {
  const { invoice_id, version, status, payments, change_id } = input;
  if (current === null) return { outcome: 'refused', error: invoiceNotFound(invoice_id) };
  const captured = sumPayments(payments);
  if (status === 'cancelled' && captured > 0n) {
    return refuse(
      'BAD_REQUEST',
      `payments: expected no amounts above 0 in a cancelled invoice, got ${formatAmount(captured)} in all`,
      { invoice_id, status, captured_sum: formatAmount(captured) },
    );
  }
  if (change_id !== undefined && made !== null) {
    const fields = differingFields(made, input);
    if (fields.length === 0) return { outcome: 'unchanged' };
    return { outcome: 'refused', error: changeMismatch(invoice_id, change_id, fields) };
  }
  const sameContent =
    change_id === undefined && current.status === status && equalPayments(current.payments, payments);
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

/** A change of version 1 is the creation, which names no version. */
function differingFields(made: CurrentInvoice, { version, status, payments }: InvoiceUpdateInput): string[] {
  const fields: string[] = [];
  if (version !== made.version - 1) fields.push('version');
  if (status !== made.status) fields.push('status');
  if (!equalPayments(made.payments, payments)) fields.push('payments');
  return fields;
}

function refuse(...error: ConstructorParameters<typeof CashbackError>): UpdateDecision {
  return { outcome: 'refused', error: new CashbackError(...error) };
}
