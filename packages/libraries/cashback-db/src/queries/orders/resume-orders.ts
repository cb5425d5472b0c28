import { type Transaction, statement } from '@cashback/postgres';

const resumeOrdersStatement = statement({
  name: 'cashback.resume-orders',
  text: `
  UPDATE cashback.order_clears SET
    attention = NULL,
    attention_code = NULL,
    attention_since = NULL,
    attention_details = NULL,
    waited_ms = 0,
    answered_at = NULL,
    heals = CASE WHEN $2 THEN 0 ELSE heals END,
    healed_since = CASE WHEN $2 THEN NULL ELSE healed_since END,
    unsettled_since = now(),
    next_charge_at = now(),
    updated_at = now()
  WHERE order_id = ANY($1::text[]) AND attention IS NOT NULL
    AND ($2::boolean OR attention_code IS DISTINCT FROM 'foreign_writer')`,
  columns: {},
});

/**
 * Takes back the need for attention of orders whose locks the transaction holds: they are tried again as if their
 * targets were new, and the failures before no longer count. Only a person ends a fight with another writer: a machine that
 * registers the same target again would make it last forever.
 */
export async function resumeOrders(
  tx: Transaction,
  orderIds: readonly string[],
  { by_person }: { by_person: boolean },
): Promise<void> {
  if (orderIds.length === 0) return;
  await resumeOrdersStatement.run(tx.client, [orderIds, by_person]);
}
