import type { Transaction } from '@cashback/postgres';
import { type StoredOperation, isFinished } from '../../cashback/operation.ts';

const text = `
  INSERT INTO transactions.cashback_operations
    (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status, finished_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $10 THEN now() END)
  ON CONFLICT (operation_id) DO NOTHING`;

/** False when the id is taken. */
export async function insertOperation(tx: Transaction, operation: StoredOperation): Promise<boolean> {
  const { rowCount } = await tx.client.query({
    name: 'transactions.insert-operation',
    text,
    values: [
      operation.operation_id,
      operation.invoice_id,
      operation.version,
      operation.user_id,
      operation.wallet_id,
      operation.currency,
      JSON.stringify(operation.reward),
      operation.wallet_policy,
      operation.status,
      isFinished(operation.status),
    ],
  });
  return rowCount === 1;
}
