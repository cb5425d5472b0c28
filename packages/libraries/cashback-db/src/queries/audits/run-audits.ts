import { type Reader, type Transaction, statement } from '@cashback/postgres';
import type { AuditTime } from '../charges/update-charges.ts';
import { lockOrders } from '../orders/lock-orders.ts';

/** An order whose audit is due, and how many were due before. */
export interface DueAudit {
  order_id: string;
  audit_step: number;
}

/** The next audit of an order whose audit `due_step` is due. */
export interface RunAudit extends AuditTime {
  order_id: string;
  due_step: number;
}

const findDueAuditsStatement = statement<DueAudit>({
  name: 'cashback.find-due-audits',
  text: `
  SELECT order_id, audit_step FROM cashback.order_clears WHERE audit_at <= now() ORDER BY audit_at LIMIT $1`,
  columns: { order_id: 'text', audit_step: 'int4' },
});

// An order that is not settled is worked on in any case. An older release left its time there.
const runAuditsStatement = statement({
  name: 'cashback.run-audits',
  text: `
  UPDATE cashback.order_clears AS stored SET
    audit_step = CASE WHEN settled_revision = revision THEN input.audit_step ELSE 0 END,
    audit_at = CASE WHEN settled_revision = revision THEN now() + input.audit_in_ms * interval '1 millisecond' END,
    poll_at = CASE WHEN settled_revision = revision THEN least(poll_at, now()) ELSE poll_at END,
    requests = CASE WHEN settled_revision = revision THEN requests + 1 ELSE requests END,
    due_by = CASE WHEN settled_revision = revision AND due_by IS DISTINCT FROM 'balance' THEN 'audit' ELSE due_by END
  FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[])
    AS input (order_id, due_step, audit_step, audit_in_ms)
  WHERE stored.order_id = input.order_id AND stored.audit_at <= now() AND stored.audit_step = input.due_step`,
  columns: {},
});

/** Orders whose audits are due, longest due first. Nothing is locked. */
export function findDueAudits(reader: Reader, limit: number): Promise<DueAudit[]> {
  return findDueAuditsStatement.rows(reader, [limit]);
}

/**
 * Makes the polls of these orders due now, and writes the times of their next audits. Skips an order whose audit has begun
 * meanwhile. Returns how many were written. The rows keep their `updated_at`.
 */
export async function runAudits(tx: Transaction, audits: readonly RunAudit[]): Promise<number> {
  if (audits.length === 0) return 0;
  const orderIds = audits.map(({ order_id }) => order_id);
  await lockOrders(tx, orderIds);
  return runAuditsStatement.run(tx.client, [
    orderIds,
    audits.map(({ due_step }) => due_step),
    audits.map(({ audit_step }) => audit_step),
    audits.map(({ audit_in_ms }) => audit_in_ms && Math.round(audit_in_ms)),
  ]);
}
