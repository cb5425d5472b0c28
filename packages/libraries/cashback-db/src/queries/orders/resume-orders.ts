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
    heals = 0,
    healed_since = NULL,
    unsettled_since = now(),
    next_charge_at = now(),
    updated_at = now()
  WHERE order_id = ANY($1::text[]) AND attention IS NOT NULL`,
  columns: {},
});

/**
 * Takes back the need for attention of orders whose locks the transaction holds: they are tried again as if their
 * targets were new, and the failures before count no more.
 */
export async function resumeOrders(tx: Transaction, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return;
  await resumeOrdersStatement.run(tx.client, [orderIds]);
}
