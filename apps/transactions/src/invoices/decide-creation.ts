import { CashbackError } from '@cashback/contract';
import type { InvoiceCreateInput } from '@cashback/wire';
import { equalPayments } from './payments.ts';

/** The invoice as it was created. */
export type FirstVersion = Omit<InvoiceCreateInput, 'change_id'> & { change_id: string | null };

const IDENTITY = ['service', 'user_id', 'wallet_id', 'currency', 'status'] as const;

/**
 * The refusal of a creation whose invoice exists; null when it repeats the one that made it. `made`: the invoice has a
 * change with the id that the input names.
 */
export function refuseCreation(
  created: FirstVersion,
  input: InvoiceCreateInput,
  made: boolean,
): CashbackError | null {
  const { invoice_id, change_id } = input;
  const fields: string[] = IDENTITY.filter((field) => created[field] !== input[field]);
  if (!equalPayments(created.payments, input.payments)) fields.push('payments');
  if (change_id !== undefined && change_id !== created.change_id) {
    if (made) return changeMismatch(invoice_id, change_id, ['version']);
    fields.push('change_id');
  }
  if (fields.length === 0) return null;
  if (change_id !== undefined && change_id === created.change_id) {
    return changeMismatch(invoice_id, change_id, fields);
  }
  return new CashbackError(
    'INVOICE_EXISTS',
    `invoice ${invoice_id} was created with other ${fields.join(', ')}: take a new id, or update it`,
    { invoice_id, fields },
  );
}

export function changeMismatch(
  invoiceId: string,
  changeId: string,
  fields: readonly string[],
): CashbackError {
  return new CashbackError(
    'CHANGE_BODY_MISMATCH',
    `change ${changeId} of invoice ${invoiceId} was made before with other ${fields.join(', ')}: an id stands for one ` +
      'change, forever',
    { invoice_id: invoiceId, change_id: changeId, fields },
  );
}
