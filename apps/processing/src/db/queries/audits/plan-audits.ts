import { type Transaction, statement } from '@cashback/postgres';
import { IS_UNPLANNED } from '../changes/change-rows.ts';

/** An order that an earlier release finished without a time for its audits. */
export interface UnplannedChange {
  order_id: string;
  /** Since its row changed last. */
  age_ms: number;
}

/** The first audit of such an order. */
export interface PlannedAudit {
  order_id: string;
  audit_step: number;
  audit_in_ms: number;
}

const lockUnplannedStatement = statement<UnplannedChange>({
  name: 'processing.lock-unplanned',
  text: `
  SELECT order_id, (1000 * extract(epoch FROM now() - updated_at))::float8 AS age_ms
  FROM processing.invoice_changes
  WHERE ${IS_UNPLANNED}
  ORDER BY order_id
  LIMIT $1
  FOR UPDATE SKIP LOCKED`,
  columns: { order_id: 'text', age_ms: 'float8!' },
});

/** Locks a page of such orders, by id. */
export function lockUnplanned({ client }: Transaction, limit: number): Promise<UnplannedChange[]> {
  return lockUnplannedStatement.rows(client, [limit]);
}

const planAuditsStatement = statement({
  name: 'processing.plan-audits',
  text: `
  UPDATE processing.invoice_changes AS stored SET
    audit_step = input.audit_step,
    audit_at = now() + input.audit_in_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::integer[], $3::float8[]) AS input (order_id, audit_step, audit_in_ms)
  WHERE stored.order_id = input.order_id`,
  columns: {},
});

/** Writes the times of audits of orders that the transaction has locked. Nothing else of their rows changes. */
export async function planAudits({ client }: Transaction, audits: readonly PlannedAudit[]): Promise<void> {
  if (audits.length === 0) return;
  await planAuditsStatement.run(client, [
    audits.map(({ order_id }) => order_id),
    audits.map(({ audit_step }) => audit_step),
    audits.map(({ audit_in_ms }) => audit_in_ms),
  ]);
}
