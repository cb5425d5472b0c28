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
    AS input (order_id, operation_id, outcome, reason, rewarded)
  ON CONFLICT (order_id, operation_id) DO NOTHING`,
  columns: {},
});

const findOtherOutcomesStatement = statement<{
  order_id: string;
  operation_id: string;
  outcome: OperationOutcome;
}>({
  name: 'cashback.find-other-outcomes',
  text: `
  SELECT stored.order_id, stored.operation_id, stored.outcome
  FROM cashback.operation_outcomes AS stored
  JOIN unnest($1::text[], $2::text[], $3::text[]) AS input (order_id, operation_id, outcome)
    ON input.order_id = stored.order_id AND input.operation_id = stored.operation_id
  WHERE stored.order_id = ANY($1::text[]) AND stored.outcome <> input.outcome`,
  columns: { order_id: 'text', operation_id: 'text', outcome: 'text' },
});

/**
 * Records how operations ended. Each ends once: an end that is recorded already stays as it is, and another one of the
 * same operation fails.
 */
export async function insertOperationOutcomes(
  tx: Transaction,
  outcomes: readonly NewOperationOutcome[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const inserted = await insertOperationOutcomesStatement.run(tx.client, [
    outcomes.map((outcome) => outcome.order_id),
    outcomes.map((outcome) => outcome.operation_id),
    outcomes.map((outcome) => outcome.outcome),
    outcomes.map((outcome) => outcome.reason),
    outcomes.map((outcome) => JSON.stringify(outcome.rewarded)),
  ]);
  if (inserted === outcomes.length) return;
  const [other] = await findOtherOutcomesStatement.rows(tx.client, [
    outcomes.map((outcome) => outcome.order_id),
    outcomes.map((outcome) => outcome.operation_id),
    outcomes.map((outcome) => outcome.outcome),
  ]);
  if (other === undefined) return;
  throw new Error(
    `operation ${other.operation_id} of order ${other.order_id} has ended before: ${other.outcome}`,
  );
}
