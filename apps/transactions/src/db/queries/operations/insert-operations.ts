import { type Transaction, statement } from '@cashback/postgres';
import type { StoredOperation } from '../../../cashback/operation.ts';

// In one order everywhere, so that two transactions with the same ids never deadlock.
const insertOperationsStatement = statement<{ invoice_id: string }>({
  name: 'transactions.insert-operations',
  text: `
  INSERT INTO transactions.cashback_operations
    (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status, finished_at)
  SELECT operation_id, invoice_id, version, user_id, wallet_id, currency, reward::jsonb, wallet_policy, status,
    CASE WHEN status IN ('success', 'failed') THEN now() END
  FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS input (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status)
  ORDER BY operation_id, invoice_id
  ON CONFLICT (operation_id) DO NOTHING
  RETURNING invoice_id`,
  columns: { invoice_id: 'text' },
});

/** At most one an invoice. Returns the invoices whose operations were inserted; the ids of the others are taken. */
export async function insertOperations(
  tx: Transaction,
  operations: readonly StoredOperation[],
): Promise<Set<string>> {
  if (operations.length === 0) return new Set();
  const rows = await insertOperationsStatement.rows(tx.client, [
    operations.map((operation) => operation.operation_id),
    operations.map((operation) => operation.invoice_id),
    operations.map((operation) => operation.version),
    operations.map((operation) => operation.user_id),
    operations.map((operation) => operation.wallet_id),
    operations.map((operation) => operation.currency),
    operations.map((operation) => JSON.stringify(operation.reward)),
    operations.map((operation) => operation.wallet_policy),
    operations.map((operation) => operation.status),
  ]);
  return new Set(rows.map(({ invoice_id }) => invoice_id));
}
