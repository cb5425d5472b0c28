import { type Transaction, statement } from '@cashback/postgres';

// One statement: no version is without its place in the feed.
const advanceCashbackVersionsStatement = statement({
  name: 'transactions.advance-cashback-versions',
  text: `
  WITH advanced AS (
    UPDATE transactions.invoices AS stored SET cashback_version = input.version, updated_at = now()
    FROM unnest($1::text[], $2::integer[], $3::text[]) AS input (invoice_id, version, operation_id)
    WHERE stored.invoice_id = input.invoice_id AND stored.cashback_version < input.version
    RETURNING stored.invoice_id, stored.cashback_version, input.operation_id
  )
  INSERT INTO transactions.cashback_changes (invoice_id, cashback_version, operation_id, epoch)
  SELECT invoice_id, cashback_version, operation_id, (SELECT max(epoch) FROM transactions.feed_epochs) FROM advanced`,
  columns: {},
});

export interface CashbackVersion {
  invoice_id: string;
  cashback_version: number;
  /** The operation that was accepted or ended; null when none caused it. */
  operation_id: string | null;
}

/** Writes the cashback versions of invoices whose locks the transaction holds, and their feed. They only grow. */
export async function advanceCashbackVersions(
  tx: Transaction,
  versions: readonly CashbackVersion[],
): Promise<void> {
  if (versions.length === 0) return;
  const rowCount = await advanceCashbackVersionsStatement.run(tx.client, [
    versions.map((one) => one.invoice_id),
    versions.map((one) => one.cashback_version),
    versions.map((one) => one.operation_id),
  ]);
  if (rowCount !== versions.length) {
    throw new Error(
      `expected to advance the cashback versions of ${versions.length} invoices, advanced ${rowCount}`,
    );
  }
}
