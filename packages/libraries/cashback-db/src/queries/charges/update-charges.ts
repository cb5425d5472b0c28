import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';

/** How many audits were due since the order settled, and in how long the next one is; null: there is none. */
export interface AuditTime {
  audit_step: number;
  audit_in_ms: number | null;
}

/** What one step leaves in an order's row. */
export interface ChargeUpdate {
  order_id: string;
  /** The revision and the open operation that the step was decided on. The row must still have both. */
  revision: number;
  operation_id: string | null;
  /** The operation that is open from now on. */
  next_operation_id: string | null;
  /** True: the revision is rewarded in full. */
  settled: boolean;
  /** True: it was, and is not any more. It counts as unsettled from now on. */
  reopened: boolean;
  /** Null keeps the stored value. */
  rewarded: { source: Source; amount: string }[] | null;
  /** The epoch and version of the cashback that was observed, both null if none was. The row keeps the newest. */
  cashback_epoch: number | null;
  cashback_version: number | null;
  /** Why the order needs attention from now on; null: it does not. Since when is kept as long as the code stays. */
  attention: { code: string | null; reason: string; details: Record<string, unknown> | null } | null;
  waited_ms: number;
  answered_at: Date | null;
  heals: number;
  healed_since: Date | null;
  /** When a settled order is audited next; null keeps what is stored. */
  audit: AuditTime | null;
  /** How many requests for an observation are answered from now on. Its reason to be due stays while there are more. */
  answered_requests: number;
  /** Time until the order is polled; null: not before a job or a callback asks for it. */
  poll_in_ms: number | null;
}

const updateChargesStatement = statement({
  name: 'cashback.update-charges',
  text: `
  UPDATE cashback.order_clears AS stored SET
    operation_id = input.next_operation_id,
    settled_revision = CASE
      WHEN input.settled THEN input.revision
      WHEN input.reopened THEN least(stored.settled_revision, input.revision - 1)
      ELSE stored.settled_revision
    END,
    unsettled_since = CASE WHEN input.reopened THEN now() ELSE stored.unsettled_since END,
    rewarded = coalesce(input.rewarded::jsonb, stored.rewarded),
    cashback_epoch = greatest(stored.cashback_epoch, input.cashback_epoch),
    cashback_version = CASE
      WHEN input.cashback_epoch > stored.cashback_epoch THEN input.cashback_version
      WHEN input.cashback_epoch = stored.cashback_epoch THEN greatest(stored.cashback_version, input.cashback_version)
      ELSE stored.cashback_version
    END,
    attention = input.attention,
    attention_code = input.attention_code,
    attention_since = CASE
      WHEN input.attention IS NULL THEN NULL
      WHEN stored.attention IS NOT NULL AND stored.attention_code IS NOT DISTINCT FROM input.attention_code
        THEN coalesce(stored.attention_since, now())
      ELSE now()
    END,
    attention_details = input.attention_details::jsonb,
    waited_ms = input.waited_ms,
    answered_at = input.answered_at,
    heals = input.heals,
    healed_since = input.healed_since,
    next_charge_at = now() + coalesce(input.poll_in_ms, 0) * interval '1 millisecond',
    poll_at = now() + input.poll_in_ms * interval '1 millisecond',
    audit_step = coalesce(input.audit_step, stored.audit_step),
    audit_at = CASE
      WHEN input.audit_step IS NULL THEN stored.audit_at
      ELSE now() + input.audit_in_ms * interval '1 millisecond'
    END,
    answered_requests = input.answered_requests,
    due_by = CASE
      WHEN stored.requests > input.answered_requests AND stored.due_by <> 'balance' THEN stored.due_by
      WHEN input.settled OR input.reopened THEN NULL
      WHEN stored.due_by = 'balance' AND input.next_operation_id = stored.operation_id THEN stored.due_by
      WHEN input.next_operation_id IS NOT NULL THEN NULL
      ELSE stored.due_by
    END,
    updated_at = CASE
      WHEN input.settled AND stored.settled_revision = input.revision
        AND (input.cashback_epoch, input.cashback_version) = (stored.cashback_epoch, stored.cashback_version)
        THEN stored.updated_at
      ELSE now()
    END
  FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::integer[], $8::integer[],
    $9::text[], $10::text[], $11::text[], $12::bigint[], $13::timestamptz[], $14::boolean[], $15::integer[],
    $16::integer[], $17::timestamptz[], $18::integer[], $19::bigint[], $20::integer[])
    AS input (order_id, revision, operation_id, next_operation_id, settled, rewarded, cashback_epoch, cashback_version,
      attention, attention_code, attention_details, waited_ms, answered_at, reopened, poll_in_ms,
      heals, healed_since, audit_step, audit_in_ms, answered_requests)
  WHERE stored.order_id = input.order_id
    AND stored.revision = input.revision
    AND stored.operation_id IS NOT DISTINCT FROM input.operation_id`,
  columns: {},
});

/**
 * A settled order that settles again without a change keeps its `updated_at`.
 *
 * Compare-and-set of distinct orders whose locks the transaction holds. Throws when a row is not as it was decided on,
 * which the locks rule out.
 */
export async function updateCharges(tx: Transaction, updates: readonly ChargeUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const rowCount = await updateChargesStatement.run(tx.client, [
    updates.map((update) => update.order_id),
    updates.map((update) => update.revision),
    updates.map((update) => update.operation_id),
    updates.map((update) => update.next_operation_id),
    updates.map((update) => update.settled),
    updates.map((update) => update.rewarded && JSON.stringify(update.rewarded)),
    updates.map((update) => update.cashback_epoch),
    updates.map((update) => update.cashback_version),
    updates.map(({ attention }) => attention && attention.reason),
    updates.map(({ attention }) => attention && attention.code),
    updates.map(({ attention }) => attention?.details && JSON.stringify(attention.details)),
    updates.map((update) => Math.round(update.waited_ms)),
    updates.map((update) => update.answered_at),
    updates.map((update) => update.reopened),
    updates.map(({ poll_in_ms }) => poll_in_ms && Math.round(poll_in_ms)),
    updates.map((update) => update.heals),
    updates.map((update) => update.healed_since),
    updates.map(({ audit }) => audit && audit.audit_step),
    updates.map(({ audit }) => audit && audit.audit_in_ms && Math.round(audit.audit_in_ms)),
    updates.map((update) => update.answered_requests),
  ]);
  if (rowCount !== updates.length) {
    const ids = updates.map((update) => update.order_id).join(', ');
    throw new Error(`expected to update ${updates.length} orders, updated ${rowCount}, of: ${ids}`);
  }
}
