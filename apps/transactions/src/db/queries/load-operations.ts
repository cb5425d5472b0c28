import type { Transaction } from '@cashback/postgres';
import { type StoredOperation, isFinished } from '../../cashback/operation.ts';

// An operation that has not ended is its invoice's newest: a lookup that costs the same however many have not.
const columns =
  'operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status';
const text = `
  (SELECT ${columns} FROM transactions.cashback_operations WHERE operation_id = $1)
  UNION ALL
  (SELECT ${columns} FROM transactions.cashback_operations WHERE invoice_id = $2 ORDER BY version DESC LIMIT 1)`;

/** The operation of that id, whatever invoice it is for, and the one of that invoice which has not ended. */
export async function loadOperations(
  tx: Transaction,
  { operation_id, invoice_id }: { operation_id: string; invoice_id: string },
): Promise<{ known: StoredOperation | null; unfinished: StoredOperation | null }> {
  const { rows } = await tx.client.query<StoredOperation>({
    name: 'transactions.load-operations',
    text,
    values: [operation_id, invoice_id],
  });
  return {
    known: rows.find((row) => row.operation_id === operation_id) ?? null,
    unfinished: rows.find((row) => row.invoice_id === invoice_id && !isFinished(row.status)) ?? null,
  };
}
