import { type Transaction, statement } from '@cashback/postgres';
import type { PlannedTrustStep } from '../../../cashback/operation.ts';

const insertStepsStatement = statement({
  name: 'transactions.insert-steps',
  text: `
  INSERT INTO transactions.operation_steps (operation_id, step_number, kind, source, amount, step_id, basket_id)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::text[])`,
  columns: {},
});

/** Freezes the plans of operations. None of their requests has left. */
export async function insertSteps(tx: Transaction, steps: readonly PlannedTrustStep[]): Promise<void> {
  if (steps.length === 0) return;
  await insertStepsStatement.run(tx.client, [
    steps.map((step) => step.operation_id),
    steps.map((step) => step.step_number),
    steps.map((step) => step.kind),
    steps.map((step) => step.source),
    steps.map((step) => step.amount),
    steps.map((step) => step.step_id),
    steps.map((step) => step.basket_id),
  ]);
}
