import type { CashbackError } from '@cashback/contract';
import type { InvoiceChangePayeeInput } from '@cashback/wire';
import { type LockedInvoice, invoiceNotFound } from '../invoice.ts';
import { type PayeeWrites, writesOfPayee } from '../version-writes.ts';
import { decidePayee } from './decide-payee.ts';

/** What a change of payee writes, under the invoice's lock; null: it changes nothing. `unfinished`: see `decidePayee`. */
export function planPayee(
  current: LockedInvoice | null,
  input: InvoiceChangePayeeInput,
  { unfinished, caller }: { unfinished: boolean; caller: string },
): PayeeWrites | CashbackError | null {
  if (current === null) return invoiceNotFound(input.invoice_id);
  const decision = decidePayee(current, input, unfinished);
  if (decision.outcome === 'refused') return decision.error;
  return decision.outcome === 'changed' ? writesOfPayee(current, input, caller) : null;
}
