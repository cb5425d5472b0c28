import type { Transaction } from '@cashback/postgres';
import type { Step } from '../../cashback/operation.ts';

const text = `
  INSERT INTO transactions.operation_steps (operation_id, step_number, kind, source, amount, step_id, basket_id)
  SELECT $1, step_number, kind, source, amount, step_id, basket_id
  FROM unnest($2::integer[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::text[])
    AS input (step_number, kind, source, amount, step_id, basket_id)`;

/** Freezes the plan of an operation; none of its requests has left. */
export async function insertSteps(
  tx: Transaction,
  operationId: string,
  steps: readonly Omit<Step, 'status' | 'reason'>[],
): Promise<void> {
  if (steps.length === 0) return;
  await tx.client.query({
    name: 'transactions.insert-steps',
    text,
    values: [
      operationId,
      steps.map((step) => step.step_number),
      steps.map((step) => step.kind),
      steps.map((step) => step.source),
      steps.map((step) => step.amount),
      steps.map((step) => step.step_id),
      steps.map((step) => step.basket_id),
    ],
  });
}
