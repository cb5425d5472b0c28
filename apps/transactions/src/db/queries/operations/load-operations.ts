import { type Transaction, statement } from '@cashback/postgres';
import {
  type RequestedOperations,
  requestedOperations,
} from '../../../cashback/accept/requested-operations.ts';
import type { StoredOperation } from '../../../cashback/operation.ts';

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
): Promise<RequestedOperations> {
  const ids = new Set(requests.map(({ operation_id }) => operation_id));
  const invoiceIds = new Set(requests.map(({ invoice_id }) => invoice_id));
  const rows = await loadOperationsStatement.rows(tx.client, [[...ids], [...invoiceIds]]);
  return requestedOperations(requests, rows);
}
