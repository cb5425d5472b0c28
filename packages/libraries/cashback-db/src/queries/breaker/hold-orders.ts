import { type Hold, describeHold } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';

export interface HeldRevision {
  order_id: string;
  revision: number;
  hold: Hold;
}

const holdOrdersStatement = statement({
  name: 'cashback.hold-orders',
  text: `
  UPDATE cashback.order_clears AS stored SET
    held_revision = input.revision,
    hold = input.hold::jsonb,
    attention = input.reason,
    attention_code = 'held_by_breaker',
    attention_since = now(),
    attention_details = input.hold::jsonb
  FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[]) AS input (order_id, revision, hold, reason)
  WHERE stored.order_id = input.order_id AND stored.revision = input.revision`,
  columns: {},
});

/** Holds revisions that the transaction has registered: a worker sends no more of them than is allowed. */
export async function holdOrders(tx: Transaction, held: readonly HeldRevision[]): Promise<void> {
  if (held.length === 0) return;
  const rowCount = await holdOrdersStatement.run(tx.client, [
    held.map(({ order_id }) => order_id),
    held.map(({ revision }) => revision),
    held.map(({ hold }) => JSON.stringify(hold)),
    held.map(({ hold }) => describeHold(hold)),
  ]);
  if (rowCount !== held.length) throw new Error(`expected to hold ${held.length} orders, held ${rowCount}`);
}
