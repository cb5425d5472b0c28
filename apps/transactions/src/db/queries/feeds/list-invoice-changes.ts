import type { InvoiceChange } from '@cashback/wire';
import { type ChangePosition, type Reader, feedPage, statement } from '@cashback/postgres';

type Row = InvoiceChange & ChangePosition;

const listInvoiceChangesStatement = statement<Row>({
  name: 'transactions.list-invoice-changes',
  text: `
  SELECT invoice_id, version, service, epoch, xact_id, change_id
  FROM transactions.invoices${feedPage({ id: 'change_id', epochs: 'transactions.feed_epochs' })}`,
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
