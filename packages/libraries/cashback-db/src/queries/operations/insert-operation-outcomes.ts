import type { OperationOutcome } from '@cashback/contract';
import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';

export interface NewOperationOutcome {
  order_id: string;
  operation_id: string;
  outcome: OperationOutcome;
  reason: string | null;
  /** What `transactions` reported as rewarded when the end was observed. */
  rewarded: { source: Source; amount: string }[];
}

const insertOperationOutcomesStatement = statement({
  name: 'cashback.insert-operation-outcomes',
  text: `
  INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, reason, rewarded)
  SELECT order_id, operation_id, outcome, reason, rewarded::jsonb
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS input (order_id, operation_id, outcome, reason, rewarded)`,
  columns: {},
});

/** Records how operations ended. Each ends once: a second outcome of one operation fails. */
export async function insertOperationOutcomes(
  tx: Transaction,
  outcomes: readonly NewOperationOutcome[],
): Promise<void> {
  if (outcomes.length === 0) return;
  await insertOperationOutcomesStatement.run(tx.client, [
    outcomes.map((outcome) => outcome.order_id),
    outcomes.map((outcome) => outcome.operation_id),
    outcomes.map((outcome) => outcome.outcome),
    outcomes.map((outcome) => outcome.reason),
    outcomes.map((outcome) => JSON.stringify(outcome.rewarded)),
  ]);
}
