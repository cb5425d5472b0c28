import { type Transaction, statement } from '@cashback/postgres';

const findAdoptedStepsStatement = statement<{ step_id: string }>({
  name: 'transactions.find-adopted-steps',
  text: 'SELECT step_id FROM transactions.adopted_steps WHERE step_id = ANY($1::text[])',
  columns: { step_id: 'text' },
});

/** Those of the ids that Trust has carried out before, for a step that a restore lost. */
export async function findAdoptedSteps(tx: Transaction, stepIds: readonly string[]): Promise<Set<string>> {
  if (stepIds.length === 0) return new Set();
  const rows = await findAdoptedStepsStatement.rows(tx.client, [stepIds]);
  return new Set(rows.map(({ step_id }) => step_id));
}
