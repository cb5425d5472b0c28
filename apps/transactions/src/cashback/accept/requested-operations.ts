import { type StoredOperation, isFinished } from '../operation.ts';

export interface RequestedOperations {
  /** By operation id, whatever invoice the operation is for. */
  known: Map<string, StoredOperation>;
  /** By invoice. */
  unfinished: Map<string, StoredOperation>;
}

/** Of operations with the ids of the requests, and the newest operation of each of their invoices. */
export function requestedOperations(
  requests: readonly { operation_id: string; invoice_id: string }[],
  operations: readonly StoredOperation[],
): RequestedOperations {
  const ids = new Set(requests.map(({ operation_id }) => operation_id));
  const invoiceIds = new Set(requests.map(({ invoice_id }) => invoice_id));
  const found: RequestedOperations = { known: new Map(), unfinished: new Map() };
  for (const operation of operations) {
    const { operation_id, invoice_id, status } = operation;
    if (ids.has(operation_id)) found.known.set(operation_id, operation);
    if (invoiceIds.has(invoice_id) && !isFinished(status)) found.unfinished.set(invoice_id, operation);
  }
  return found;
}
