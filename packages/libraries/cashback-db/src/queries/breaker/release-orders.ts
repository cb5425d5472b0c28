import { type Transaction, statement } from '@cashback/postgres';

export interface HoldState {
  order_id: string;
  revision: number;
  is_held: boolean;
}

const loadHoldsStatement = statement<HoldState>({
  name: 'cashback.load-holds',
  text: `
  SELECT order_id, revision, held_revision IS NOT DISTINCT FROM revision AS is_held
  FROM cashback.order_clears WHERE order_id = ANY($1::text[])`,
  columns: { order_id: 'text', revision: 'int4', is_held: 'bool!' },
});

const insertReleasesStatement = statement({
  name: 'cashback.insert-releases',
  text: `
  INSERT INTO cashback.breaker_releases (order_id, revision, hold, caller, reason)
  SELECT order_id, revision, hold, $2, $3 FROM cashback.order_clears WHERE order_id = ANY($1::text[])`,
  columns: {},
});

const releaseOrdersStatement = statement({
  name: 'cashback.release-orders',
  text: `
  UPDATE cashback.order_clears SET
    held_revision = NULL,
    hold = NULL,
    attention = CASE WHEN attention_code = 'held_by_breaker' THEN NULL ELSE attention END,
    attention_since = CASE WHEN attention_code = 'held_by_breaker' THEN NULL ELSE attention_since END,
    attention_details = CASE WHEN attention_code = 'held_by_breaker' THEN NULL ELSE attention_details END,
    attention_code = CASE WHEN attention_code = 'held_by_breaker' THEN NULL ELSE attention_code END,
    waited_ms = 0,
    answered_at = NULL,
    unsettled_since = now(),
    next_charge_at = now(),
    updated_at = now()
  WHERE order_id = ANY($1::text[])`,
  columns: {},
});

/** Those of the orders that exist. To decide on them, lock them with a statement before this one. */
export function loadHolds(tx: Transaction, orderIds: readonly string[]): Promise<HoldState[]> {
  return loadHoldsStatement.rows(tx.client, [orderIds]);
}

/** Releases held orders whose locks the transaction holds, and records by which caller and why. */
export async function releaseOrders(
  tx: Transaction,
  orderIds: readonly string[],
  { caller, reason }: { caller: string; reason: string },
): Promise<void> {
  if (orderIds.length === 0) return;
  await insertReleasesStatement.run(tx.client, [orderIds, caller, reason]);
  await releaseOrdersStatement.run(tx.client, [orderIds]);
}
