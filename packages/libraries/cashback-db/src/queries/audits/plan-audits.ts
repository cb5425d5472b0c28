import { type Reader, type Transaction, statement } from '@cashback/postgres';
import type { AuditTime } from '../charges/update-charges.ts';
import { lockOrders } from '../orders/lock-orders.ts';

/** A settled order that has no time for an audit and never had one. */
export interface UnplannedOrder {
  order_id: string;
  /** Since its newest target was registered. */
  age_ms: number;
}

/** The first audit of such an order. */
export interface PlannedAudit extends AuditTime {
  order_id: string;
}

// It is a partial index. Only an older release settles orders without a time for their audits.
const isUnplanned = 'settled_revision = revision AND audit_at IS NULL AND audit_step = 0';

const findUnplannedOrdersStatement = statement<UnplannedOrder>({
  name: 'cashback.find-unplanned-orders',
  text: `
  SELECT order_id, (1000 * extract(epoch FROM now() - unsettled_since))::float8 AS age_ms
  FROM cashback.order_clears
  WHERE ${isUnplanned}
  ORDER BY order_id LIMIT $1`,
  columns: { order_id: 'text', age_ms: 'float8!' },
});

const planAuditsStatement = statement({
  name: 'cashback.plan-audits',
  text: `
  UPDATE cashback.order_clears AS stored SET
    audit_step = input.audit_step,
    audit_at = now() + input.audit_in_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS input (order_id, audit_step, audit_in_ms)
  WHERE stored.order_id = input.order_id
    AND stored.settled_revision = stored.revision AND stored.audit_at IS NULL AND stored.audit_step = 0`,
  columns: {},
});

/** A page of them, by id. Nothing is locked. */
export function findUnplannedOrders(reader: Reader, limit: number): Promise<UnplannedOrder[]> {
  return findUnplannedOrdersStatement.rows(reader, [limit]);
}

/** Writes the times of their audits, unless they have one meanwhile. Returns how many were written. */
export async function planAudits(tx: Transaction, audits: readonly PlannedAudit[]): Promise<number> {
  if (audits.length === 0) return 0;
  const orderIds = audits.map(({ order_id }) => order_id);
  await lockOrders(tx, orderIds);
  return planAuditsStatement.run(tx.client, [
    orderIds,
    audits.map(({ audit_step }) => audit_step),
    audits.map(({ audit_in_ms }) => audit_in_ms && Math.round(audit_in_ms)),
  ]);
}
