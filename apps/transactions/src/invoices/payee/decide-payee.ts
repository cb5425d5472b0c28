import { CashbackError } from '@cashback/contract';
import type { InvoiceChangePayeeInput } from '@cashback/wire';
import type { LockedInvoice } from '../invoice.ts';

export type PayeeDecision =
  | { outcome: 'changed' }
  | { outcome: 'unchanged' }
  | { outcome: 'refused'; error: CashbackError };

/**
 * Decides a change of payee. A repeat finds the new payee, and changes nothing. `unfinished`: an operation has not ended,
 * and the wallet that it tops up is the one of now.
 */
export function decidePayee(
  current: Pick<LockedInvoice, 'user_id' | 'wallet_id' | 'version'>,
  { invoice_id, version, user_id, wallet_id }: InvoiceChangePayeeInput,
  unfinished: boolean,
): PayeeDecision {
  if (current.user_id === user_id && current.wallet_id === wallet_id) return { outcome: 'unchanged' };
  if (current.version !== version) {
    return refuse(
      'VERSION_MISMATCH',
      `invoice ${invoice_id} is at version ${current.version}, the change is for version ${version}: retrieve it and decide again`,
      { invoice_id, version, current_version: current.version },
    );
  }
  if (unfinished) {
    return refuse(
      'OPERATION_IN_FLIGHT',
      `an operation of invoice ${invoice_id} has not ended: change the payee later`,
      { invoice_id },
    );
  }
  return { outcome: 'changed' };
}

function refuse(...error: ConstructorParameters<typeof CashbackError>): PayeeDecision {
  return { outcome: 'refused', error: new CashbackError(...error) };
}
