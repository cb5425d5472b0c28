import type { AdoptedStep, KnownHistory } from '../../cashback/adopt/decide-adoption.ts';
import { type LockedInvoice, isAdopted } from '../../invoices/invoice.ts';
import type { UnadoptedPlace } from '../queries/adoption/list-unadopted.ts';
import type { BasketRow } from './baskets.ts';
import type { StepRow } from './operations.ts';

/** The rules of the statements on adoption, as those in `operations.ts`. */

/** `loadKnownHistory`, of an invoice, its baskets, the steps of its operations, and those that were adopted. */
export function knownHistory(
  { invoice_id, cashback_version, wallet_id }: LockedInvoice,
  rows: { baskets: readonly BasketRow[]; steps: readonly StepRow[]; adopted: readonly AdoptedStep[] },
): KnownHistory {
  const applied = rows.steps.filter(({ status }) => status === 'applied');
  return {
    invoice_id,
    cashback_version,
    wallet_id,
    baskets: rows.baskets
      .toSorted((one, other) => one.version - other.version || one.step_number - other.step_number)
      .map(({ basket_id, source, amount, refunded }) => ({ basket_id, source, amount, refunded })),
    step_ids: new Set([...applied, ...rows.adopted].map(({ step_id }) => step_id)),
  };
}

/** `listUnadopted`, of invoices with the newest epoch of their side. */
export function unadoptedAfter(
  invoices: readonly LockedInvoice[],
  after: UnadoptedPlace,
  limit: number,
): UnadoptedPlace[] {
  return invoices
    .filter((invoice) => !isAdopted(invoice) && comparePlaces(invoice, after) > 0)
    .map(({ reconciled_epoch, invoice_id }) => ({ reconciled_epoch, invoice_id }))
    .toSorted(comparePlaces)
    .slice(0, limit);
}

/** The ids are compared as bytes, as the column does. */
function comparePlaces(left: UnadoptedPlace, right: UnadoptedPlace): number {
  return (
    left.reconciled_epoch - right.reconciled_epoch ||
    Buffer.compare(Buffer.from(left.invoice_id), Buffer.from(right.invoice_id))
  );
}
