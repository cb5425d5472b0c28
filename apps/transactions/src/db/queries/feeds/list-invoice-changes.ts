import type { InvoiceChange } from '@cashback/wire';
import { type ChangePosition, type Reader, statement } from '@cashback/postgres';

type Row = InvoiceChange & ChangePosition;

// A running transaction may still commit a change that precedes those of a younger one, so the page ends where the
// oldest running transaction begins. Older epochs come from another cluster: none of their transactions is running.
const listInvoiceChangesStatement = statement<Row>({
  name: 'transactions.list-invoice-changes',
  text: `
  SELECT invoice_id, version, service, epoch, xact_id, change_id
  FROM transactions.invoices
  WHERE (epoch, xact_id, change_id) > ($1::integer, $2::xid8, $3::bigint)
    AND (epoch < (SELECT max(epoch) FROM transactions.feed_epochs)
      OR xact_id < pg_snapshot_xmin(pg_current_snapshot()))
  ORDER BY epoch, xact_id, change_id
  LIMIT $4`,
  columns: {
    invoice_id: 'text',
    version: 'int4',
    service: 'text',
    epoch: 'int4',
    xact_id: 'xid8',
    change_id: 'int8',
  },
});

/** The next changed invoices after a place, oldest change first, each with its own place. */
export async function listInvoiceChanges(
  reader: Reader,
  after: ChangePosition,
  limit: number,
): Promise<{ change: InvoiceChange; place: ChangePosition }[]> {
  const rows = await listInvoiceChangesStatement.rows(reader, [
    after.epoch,
    after.xact_id,
    after.change_id,
    limit,
  ]);
  return rows.map(({ epoch, xact_id, change_id, ...change }) => ({
    change,
    place: { epoch, xact_id, change_id },
  }));
}
