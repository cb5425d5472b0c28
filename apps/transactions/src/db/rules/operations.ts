import { type AmountsBySource, type Source, amountOf, formatAmounts, parseAmount } from '@cashback/contract';
import {
  type PlannedTrustStep,
  type StoredOperation,
  type TrustStep,
  type UnfinishedOperation,
  isFinished,
} from '../../cashback/operation.ts';
import type { OperationUpdate } from '../queries/operations/update-operations.ts';
import type { StepUpdate } from '../queries/operations/update-steps.ts';

/**
 * The rules of the statements in `queries/operations`. Each says what its statement writes into a row or reads of it,
 * and throws where the statement refuses. The simulation runs them, and a test holds the statements against them.
 * Times are milliseconds of the epoch.
 */
export interface OperationRow extends StoredOperation {
  reason: string | null;
  attempts: number;
  next_attempt_at: number;
  finished_at: number | null;
}

export interface StepRow extends TrustStep {
  operation_id: string;
}

/** `insertOperations` */
export function insertedOperation(operation: StoredOperation, now: number): OperationRow {
  const finished_at = isFinished(operation.status) ? now : null;
  return { ...operation, reason: null, attempts: 0, next_attempt_at: now, finished_at };
}

/** `insertSteps` */
export function insertedStep(step: PlannedTrustStep): StepRow {
  return { ...step, status: 'planned', reason: null, taken: null, attempt: 0 };
}

/** `updateOperations` */
export function updatedOperation(row: OperationRow, update: OperationUpdate, now: number): OperationRow {
  const { status, reason, attempts, next_attempt_in_ms } = update;
  if (row.finished_at !== null) throw new Error(`operation ${row.operation_id} has ended`);
  const next_attempt_at = now + Math.round(next_attempt_in_ms);
  const finished_at = isFinished(status) ? now : null;
  return { ...row, status, reason, attempts, next_attempt_at, finished_at };
}

/** `updateSteps` */
export function updatedStep(row: StepRow, { from, to, reason, taken }: StepUpdate): StepRow {
  if (row.status !== from) throw new Error(`step ${row.step_id} is ${row.status}, expected ${from}`);
  return { ...row, status: to, reason, taken };
}

/** `claimSteps`; null when the step is no longer to be sent. */
export function claimedStep(row: StepRow): StepRow | null {
  return row.status === 'sent' ? { ...row, attempt: row.attempt + 1 } : null;
}

/** `claimOverdue`; null when it leaves the row as it is. */
export function claimedOperation(row: OperationRow, overdueMs: number, now: number): OperationRow | null {
  const isOverdue = !isFinished(row.status) && row.next_attempt_at < now - overdueMs;
  return isOverdue ? { ...row, next_attempt_at: now } : null;
}

/** `loadUnfinished`, of an operation with its steps; null when it has ended. */
export function unfinishedOperation(
  row: OperationRow,
  steps: readonly StepRow[],
): UnfinishedOperation | null {
  if (row.finished_at !== null) return null;
  const { operation_id, invoice_id, version, user_id, wallet_id, currency, wallet_policy, attempts, reason } =
    row;
  const operation = {
    operation_id,
    invoice_id,
    version,
    user_id,
    wallet_id,
    currency,
    wallet_policy,
    attempts,
    open_reason: reason,
  };
  const inOrder = steps.toSorted((one, other) => one.step_number - other.step_number);
  return { ...operation, steps: inOrder.map(({ operation_id: _operation_id, ...step }) => step) };
}

/** What `readInvoice` reads as `short` of an invoice's newest operation and its steps. */
export function shortBySource(
  newest: OperationRow | undefined,
  steps: readonly StepRow[],
): { source: Source; amount: string }[] {
  if (newest?.wallet_policy !== 'take_what_is_there') return [];
  const short: AmountsBySource = {};
  for (const { operation_id, source, amount, taken } of steps) {
    if (operation_id !== newest.operation_id || taken === null) continue;
    const missed = parseAmount(amount) - parseAmount(taken);
    if (missed > 0n) short[source] = amountOf(short, source) + missed;
  }
  return formatAmounts(short);
}

/** Those of an invoice that `readInvoice` reads. */
export function newestOperations(rows: readonly OperationRow[], limit: number): OperationRow[] {
  return rows.toSorted((one, other) => other.version - one.version).slice(0, limit);
}
