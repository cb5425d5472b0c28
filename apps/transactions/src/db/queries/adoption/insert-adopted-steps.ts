import { type Transaction, statement } from '@cashback/postgres';
import type { AdoptedStep } from '../../../cashback/adopt/decide-adoption.ts';

const insertAdoptedStepsStatement = statement({
  name: 'transactions.insert-adopted-steps',
  text: `
  INSERT INTO transactions.adopted_steps (step_id, invoice_id, kind, basket_id, amount, taken, epoch)
  SELECT input.*, $7::integer
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[])
    AS input (step_id, invoice_id, kind, basket_id, amount, taken)`,
  columns: {},
});

/** Notes what was adopted, so that no operation asks for it again. */
export async function insertAdoptedSteps(
  tx: Transaction,
  steps: readonly AdoptedStep[],
  epoch: number,
): Promise<void> {
  if (steps.length === 0) return;
  await insertAdoptedStepsStatement.run(tx.client, [
    steps.map((step) => step.step_id),
    steps.map((step) => step.invoice_id),
    steps.map((step) => step.kind),
    steps.map((step) => step.basket_id),
    steps.map((step) => step.amount),
    steps.map((step) => step.taken),
    epoch,
  ]);
}
