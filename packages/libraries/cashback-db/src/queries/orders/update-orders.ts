import { type Amount, formatAmount } from '@cashback/contract/amount';
import { type Transaction, statement } from '@cashback/postgres';

/** What a register changes on an order that exists. */
export interface OrderUpdate {
  order_id: string;
  revision: number;
  /** Due at once, with a time of its own and no need for attention. False: only the invoice is newer. */
  is_new_target: boolean;
  invoice_epoch: number;
  invoice_version: number;
  cleared_sum: Amount;
  cashback_sum: Amount;
  receipt: Record<string, unknown> | null;
}

const updateOrdersStatement = statement({
  name: 'cashback.update-orders',
  text: `
  UPDATE cashback.order_clears AS stored SET
    revision = input.revision,
    invoice_epoch = input.invoice_epoch,
    invoice_version = input.invoice_version,
    cleared_sum = input.cleared_sum,
    cashback_sum = input.cashback_sum,
    receipt = input.receipt::jsonb,
    attention = CASE WHEN input.is_new_target THEN NULL ELSE stored.attention END,
    attention_code = CASE WHEN input.is_new_target THEN NULL ELSE stored.attention_code END,
    attention_since = CASE WHEN input.is_new_target THEN NULL ELSE stored.attention_since END,
    attention_details = CASE WHEN input.is_new_target THEN NULL ELSE stored.attention_details END,
    waited_ms = CASE WHEN input.is_new_target THEN 0 ELSE stored.waited_ms END,
    answered_at = CASE WHEN input.is_new_target THEN NULL ELSE stored.answered_at END,
    heals = CASE WHEN input.is_new_target THEN 0 ELSE stored.heals END,
    healed_since = CASE WHEN input.is_new_target THEN NULL ELSE stored.healed_since END,
    unsettled_since = CASE WHEN input.is_new_target THEN now() ELSE stored.unsettled_since END,
    next_charge_at = CASE WHEN input.is_new_target THEN now() ELSE stored.next_charge_at END,
    updated_at = now()
  FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::integer[], $5::integer[], $6::numeric[], $7::numeric[],
      $8::text[])
    AS input (order_id, revision, is_new_target, invoice_epoch, invoice_version, cleared_sum, cashback_sum, receipt)
  WHERE stored.order_id = input.order_id`,
  columns: {},
});

/** Writes orders whose locks the transaction holds. Order ids must be distinct. */
export async function updateOrders(tx: Transaction, updates: readonly OrderUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const rowCount = await updateOrdersStatement.run(tx.client, [
    updates.map((update) => update.order_id),
    updates.map((update) => update.revision),
    updates.map((update) => update.is_new_target),
    updates.map((update) => update.invoice_epoch),
    updates.map((update) => update.invoice_version),
    updates.map((update) => formatAmount(update.cleared_sum)),
    updates.map((update) => formatAmount(update.cashback_sum)),
    updates.map((update) => update.receipt && JSON.stringify(update.receipt)),
  ]);
  if (rowCount !== updates.length) {
    throw new Error(`expected to update ${updates.length} orders, updated ${rowCount}`);
  }
}
