import { type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

/** An order whose open operation is to be polled in `in_ms`, if its poll would be later. */
export interface ExpeditedPoll {
  order_id: string;
  operation_id: string;
  in_ms: number;
  /** False: the last call about it had no answer. */
  answered: boolean;
}

const expeditePollsStatement = statement({
  name: 'cashback.expedite-polls',
  text: `
  UPDATE cashback.order_clears AS stored SET
    poll_at = least(stored.poll_at, now() + input.in_ms * interval '1 millisecond'),
    next_charge_at = least(stored.next_charge_at, now() + input.in_ms * interval '1 millisecond'),
    answered_at = CASE WHEN input.answered THEN stored.answered_at END
  FROM unnest($1::text[], $2::text[], $3::integer[], $4::boolean[]) AS input (order_id, operation_id, in_ms, answered)
  WHERE stored.order_id = input.order_id AND stored.operation_id = input.operation_id AND stored.poll_at IS NOT NULL`,
  columns: {},
});

/** Skips an order that does not have that operation open any more, or has no poll to expedite. Orders are distinct. */
export async function expeditePolls(tx: Transaction, polls: readonly ExpeditedPoll[]): Promise<void> {
  if (polls.length === 0) return;
  const orderIds = polls.map(({ order_id }) => order_id);
  await lockOrders(tx, orderIds);
  await expeditePollsStatement.run(tx.client, [
    orderIds,
    polls.map(({ operation_id }) => operation_id),
    polls.map(({ in_ms }) => Math.round(in_ms)),
    polls.map(({ answered }) => answered),
  ]);
}
