import type { World } from '../world.ts';
import { heldByBasket } from './at-trust.ts';
import { must } from './violation.ts';

/**
 * 12, of an invoice that was compared since Trust was restored: Trust has all that is recorded of it. No operation is
 * decided by money that Trust lacks.
 */
export function checkCompared({ compared_from, tables }: World): void {
  if (compared_from === null) return;
  for (const { invoice_id, reconciled_epoch } of tables.invoices.values()) {
    if (reconciled_epoch < compared_from) continue;
    const atTrust = new Map(heldByBasket(tables, invoice_id).map(({ basket_id, held }) => [basket_id, held]));
    for (const { basket_id, invoice_id: of, amount, refunded } of tables.baskets.values()) {
      if (of !== invoice_id) continue;
      const held = atTrust.get(basket_id);
      must(
        12,
        held !== undefined && held <= amount - refunded,
        () => `${invoice_id} counts as compared, and Trust lacks something of basket ${basket_id}`,
      );
    }
  }
}
