import type { CashbackChange } from '@cashback/wire';
import { type ChangePosition, type Reader, feedPage, statement } from '@cashback/postgres';

interface Row extends ChangePosition {
  invoice_id: string;
  cashback_version: number;
  operation_id: string | null;
}

const listCashbackChangesStatement = statement<Row>({
  name: 'transactions.list-cashback-changes',
  text: `
  SELECT invoice_id, cashback_version, operation_id, epoch, xact_id, change_id
  FROM transactions.cashback_changes${feedPage({ id: 'change_id', epochs: 'transactions.feed_epochs' })}`,
  columns: {
    invoice_id: 'text',
    cashback_version: 'int4',
    operation_id: 'text?',
    epoch: 'int4',
    xact_id: 'xid8',
    change_id: 'int8',
  },
});

/** The next changes of cashback after a place, oldest first, each with its own place. */
export async function listCashbackChanges(
  reader: Reader,
  after: ChangePosition,
  limit: number,
): Promise<{ change: CashbackChange; place: ChangePosition }[]> {
  const rows = await listCashbackChangesStatement.rows(reader, [
    after.epoch,
    after.xact_id,
    after.change_id,
    limit,
  ]);
  return rows.map(({ xact_id, change_id, epoch, invoice_id, cashback_version, operation_id }) => ({
    change: {
      invoice_id,
      invoice_epoch: epoch,
      cashback_version,
      ...(operation_id !== null && { operation_id }),
    },
    place: { epoch, xact_id, change_id },
  }));
}
