import { type Transaction, statement } from '@cashback/postgres';
import type { StepStatus } from '../../tables.ts';

export interface StepUpdate {
  operation_id: string;
  step_number: number;
  from: StepStatus;
  to: StepStatus;
  reason: string | null;
  taken: string | null;
}

const updateStepsStatement = statement({
  name: 'transactions.update-steps',
  text: `
  UPDATE transactions.operation_steps AS stored
  SET status = input.status_after, reason = input.reason, taken = input.taken, updated_at = now()
  FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::numeric[])
    AS input (operation_id, step_number, status_before, status_after, reason, taken)
  WHERE stored.operation_id = input.operation_id AND stored.step_number = input.step_number
    AND stored.status = input.status_before`,
  columns: {},
});

/** Compare-and-set: throws when a step is no longer what it was decided on. Each step at most once. */
export async function updateSteps(tx: Transaction, updates: readonly StepUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const rowCount = await updateStepsStatement.run(tx.client, [
    updates.map((update) => update.operation_id),
    updates.map((update) => update.step_number),
    updates.map((update) => update.from),
    updates.map((update) => update.to),
    updates.map((update) => update.reason),
    updates.map((update) => update.taken),
  ]);
  if (rowCount !== updates.length) {
    throw new Error(
      `expected to update ${updates.length} steps, updated ${rowCount}: another executor changed them`,
    );
  }
}
