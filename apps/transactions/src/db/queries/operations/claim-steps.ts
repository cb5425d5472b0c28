import { type Database, statement } from '@cashback/postgres';

export interface StepName {
  operation_id: string;
  step_number: number;
}

const claimStepsStatement = statement<StepName & { attempt: number }>({
  name: 'transactions.claim-steps',
  text: `
  UPDATE transactions.operation_steps AS stored SET attempt = stored.attempt + 1
  FROM (
    SELECT operation_id, step_number
    FROM transactions.operation_steps
    JOIN unnest($1::text[], $2::integer[]) AS input (operation_id, step_number) USING (operation_id, step_number)
    ORDER BY operation_id, step_number
    FOR UPDATE OF operation_steps
  ) AS locked
  WHERE stored.operation_id = locked.operation_id AND stored.step_number = locked.step_number
    AND stored.status = 'sent'
  RETURNING stored.operation_id, stored.step_number, stored.attempt`,
  columns: { operation_id: 'text', step_number: 'int4', attempt: 'int4' },
});

/**
 * The last thing before a request leaves: it leaves only when its step is still to be sent. Returns the number of the
 * attempt for each step, null for one that was applied, refused or given up meanwhile. Only the newest attempt may give
 * a step up.
 */
export async function claimSteps({ pool }: Database, steps: readonly StepName[]): Promise<(number | null)[]> {
  const rows = await claimStepsStatement.rows(pool, [
    steps.map(({ operation_id }) => operation_id),
    steps.map(({ step_number }) => step_number),
  ]);
  const attempts = new Map(rows.map((row) => [`${row.operation_id} ${row.step_number}`, row.attempt]));
  return steps.map((step) => attempts.get(`${step.operation_id} ${step.step_number}`) ?? null);
}
