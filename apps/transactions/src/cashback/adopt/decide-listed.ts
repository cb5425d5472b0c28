import type { CashbackError } from '@cashback/contract';
import type { ListedBasket } from '@cashback/wire';
import { type LockedInvoice, isAdopted } from '../../invoices/invoice.ts';
import { type Adoption, type KnownHistory, decideAdoption } from './decide-adoption.ts';
import { historyUnknown } from './history-unknown.ts';

/** Null when there is nothing to adopt, or not yet: an operation in flight ends first, under its own ids. */
export function adoptable<Invoice extends LockedInvoice>(
  invoice: Invoice | null,
  has_unfinished: boolean,
): Invoice | null {
  return invoice === null || isAdopted(invoice) || has_unfinished ? null : invoice;
}

/**
 * What adopting an invoice writes that was listed at Trust, or why it stays unknown what it carries. `before` is the
 * invoice before the listing, `invoice` and `known` are as of the lock after it.
 */
export function decideListed({
  before,
  invoice,
  known,
  listed,
}: {
  before: LockedInvoice;
  invoice: LockedInvoice;
  known: KnownHistory;
  listed: readonly ListedBasket[];
}): Extract<Adoption, { outcome: 'adopt' }> | CashbackError {
  const { invoice_id } = invoice;
  // What was listed may be without what changed the invoice meanwhile.
  if (invoice.cashback_version !== before.cashback_version || invoice.epoch !== before.epoch) {
    return historyUnknown(invoice_id, 'its cashback changed while Trust was asked');
  }
  const adoption = decideAdoption(known, listed);
  switch (adoption.outcome) {
    case 'adopt':
      return adoption;
    case 'wait': {
      const { pending } = adoption;
      return historyUnknown(invoice_id, `Trust still works on ${pending.join(', ')}`, { pending });
    }
    case 'differs': {
      const { differences } = adoption;
      return historyUnknown(invoice_id, `trust_differs: ${differences.join('; ')}`, { differences });
    }
  }
}
