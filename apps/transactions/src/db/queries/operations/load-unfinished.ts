import { type Transaction, statement } from '@cashback/postgres';
import type { TrustStep, UnfinishedOperation } from '../../../cashback/operation.ts';

type Row = Omit<UnfinishedOperation, 'steps'> & TrustStep;

const loadUnfinishedStatement = statement<Row>({
  name: 'transactions.load-unfinished',
  text: `
  SELECT operation.operation_id, operation.invoice_id, operation.version, operation.user_id, operation.wallet_id,
    operation.currency, operation.wallet_policy, operation.attempts,
    operation.reason AS open_reason, step.step_number, step.kind, step.source, step.amount, step.step_id,
    step.basket_id, step.status, step.reason, step.taken, step.attempt
  FROM transactions.cashback_operations AS operation
  JOIN transactions.operation_steps AS step ON step.operation_id = operation.operation_id
  WHERE operation.operation_id = ANY($1::text[]) AND operation.finished_at IS NULL
  ORDER BY operation.operation_id, step.step_number`,
  columns: {
    operation_id: 'text',
    invoice_id: 'text',
    version: 'int4',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    wallet_policy: 'text',
    attempts: 'int4',
    open_reason: 'text?',
    step_number: 'int4',
    kind: 'text',
    source: 'text',
    amount: 'numeric',
    step_id: 'text',
    basket_id: 'text',
    status: 'text',
    reason: 'text?',
    taken: 'numeric?',
    attempt: 'int4',
  },
});

/** The unfinished ones of the operations, by id. The transaction holds the locks of their invoices. */
export async function loadUnfinished(
  tx: Transaction,
  operationIds: readonly string[],
): Promise<Map<string, UnfinishedOperation>> {
  const rows = await loadUnfinishedStatement.rows(tx.client, [operationIds]);
  const operations = new Map<string, UnfinishedOperation>();
  for (const row of rows) {
    const {
      step_number,
      kind,
      source,
      amount,
      step_id,
      basket_id,
      status,
      reason,
      taken,
      attempt,
      ...fields
    } = row;
    const step = { step_number, kind, source, amount, step_id, basket_id, status, reason, taken, attempt };
    const { operation_id } = fields;
    const operation = operations.get(operation_id) ?? { ...fields, steps: [] };
    operation.steps.push(step);
    operations.set(operation_id, operation);
  }
  return operations;
}
