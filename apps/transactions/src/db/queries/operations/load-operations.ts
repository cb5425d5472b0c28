import { type Transaction, statement } from '@cashback/postgres';
import { type StoredOperation, isFinished } from '../../../cashback/operation.ts';

export interface LoadedOperations {
  /** By operation id, whatever invoice the operation is for. */
  known: Map<string, StoredOperation>;
  /** By invoice. */
  unfinished: Map<string, StoredOperation>;
}

// An unfinished operation is its invoice's newest, so this costs the same however many have ended.
const columns =
  'operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status';
const loadOperationsStatement = statement<StoredOperation>({
  name: 'transactions.load-operations',
  text: `
  SELECT ${columns} FROM transactions.cashback_operations WHERE operation_id = ANY($1::text[])
  UNION ALL
  SELECT newest.* FROM unnest($2::text[]) AS requested (id) CROSS JOIN LATERAL (
    SELECT ${columns} FROM transactions.cashback_operations WHERE invoice_id = requested.id ORDER BY version DESC LIMIT 1
  ) AS newest`,
  columns: {
    operation_id: 'text',
    invoice_id: 'text',
    version: 'int4',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    reward: 'jsonb',
    wallet_policy: 'text',
    status: 'text',
  },
});

/** The operations with the ids of the requests, and the unfinished operations of their invoices. */
export async function loadOperations(
  tx: Transaction,
  requests: readonly { operation_id: string; invoice_id: string }[],
): Promise<LoadedOperations> {
  const ids = new Set(requests.map(({ operation_id }) => operation_id));
  const invoiceIds = new Set(requests.map(({ invoice_id }) => invoice_id));
  const rows = await loadOperationsStatement.rows(tx.client, [[...ids], [...invoiceIds]]);
  const loaded: LoadedOperations = { known: new Map(), unfinished: new Map() };
  for (const row of rows) {
    if (ids.has(row.operation_id)) loaded.known.set(row.operation_id, row);
    if (invoiceIds.has(row.invoice_id) && !isFinished(row.status)) loaded.unfinished.set(row.invoice_id, row);
  }
  return loaded;
}
