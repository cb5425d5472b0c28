import type { CashbackStatus } from '@cashback/wire';
import { type Transaction, statement } from '@cashback/postgres';

export interface OperationUpdate {
  operation_id: string;
  status: CashbackStatus;
  reason: string | null;
  attempts: number;
  /** From now until a job is due; the sweeper finds operations whose job is late. */
  next_attempt_in_ms: number;
}

const updateOperationsStatement = statement({
  name: 'transactions.update-operations',
  text: `
  UPDATE transactions.cashback_operations AS stored SET
    status = input.status,
    reason = input.reason,
    attempts = input.attempts,
    next_look_at = now() + input.next_attempt_in_ms * interval '1 millisecond',
    finished_at = CASE WHEN input.status IN ('success', 'failed') THEN now() END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[])
    AS input (operation_id, status, reason, attempts, next_attempt_in_ms)
  WHERE stored.operation_id = input.operation_id AND stored.finished_at IS NULL`,
  columns: {},
});

/** Updates operations that have not ended. Each at most once. */
export async function updateOperations(tx: Transaction, updates: readonly OperationUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const rowCount = await updateOperationsStatement.run(tx.client, [
    updates.map((update) => update.operation_id),
    updates.map((update) => update.status),
    updates.map((update) => update.reason),
    updates.map((update) => update.attempts),
    updates.map((update) => Math.round(update.next_attempt_in_ms)),
  ]);
  if (rowCount !== updates.length) {
    throw new Error(`expected to update ${updates.length} operations, updated ${rowCount}`);
  }
}
