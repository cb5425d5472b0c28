import { LIMITS } from '../shells/reconcile-order.ts';
import type { OrderRow, Tables } from '../tables.ts';
import { must } from './violation.ts';

const EXHAUSTED = /^\d+ operations of this revision/;
const OVERDUE = /not settled since/;

/**
 * Retries have a bound, and end early for no other reason: transactions always says the truth here, so an order needs
 * attention only after too many attempts or too long a time. Attempts count from when the order was registered or
 * resumed, each way to end by itself.
 */
export function checkAttempts(order: OrderRow, tables: Tables): void {
  const { order_id, attention } = order;
  const most = Math.max(0, ...countAttempts(order, tables).values());
  must(null, most <= LIMITS.max_failures, () => `${order_id}: ${most} attempts ended alike`);
  if (attention === null || OVERDUE.test(attention)) return;
  must(
    null,
    EXHAUSTED.test(attention) && most >= LIMITS.max_failures,
    () => `${order_id} needs attention after ${most} attempts that ended alike: ${attention}`,
  );
}

function countAttempts(order: OrderRow, { operations, outcomes }: Tables): Map<string, number> {
  const attempts = new Map<string, number>();
  for (const { order_id, operation_id, outcome, at } of outcomes.values()) {
    if (order_id !== order.order_id || at < order.unsettled_since) continue;
    if (operations.get(operation_id)?.revision !== order.revision) continue;
    attempts.set(outcome, (attempts.get(outcome) ?? 0) + 1);
  }
  return attempts;
}
