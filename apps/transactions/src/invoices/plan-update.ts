import type { CashbackError } from '@cashback/contract';
import type { InvoiceUpdateInput } from '@cashback/wire';
import { type CurrentInvoice, decideUpdate } from './decide-update.ts';
import type { LockedInvoice } from './invoice.ts';
import { type VersionWrites, writesOfUpdate } from './version-writes.ts';

/** What an update of an invoice writes, under its lock; null: it changes nothing. `made`: see `decideUpdate`. */
export function planUpdate(
  current: LockedInvoice | null,
  input: InvoiceUpdateInput,
  { made = null, caller }: { made?: CurrentInvoice | null; caller: string },
): VersionWrites | CashbackError | null {
  const decision = decideUpdate(current, input, made);
  if (decision.outcome === 'refused') return decision.error;
  return current !== null && decision.outcome === 'changed' ? writesOfUpdate(current, input, caller) : null;
}
