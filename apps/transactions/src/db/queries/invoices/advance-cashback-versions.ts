import { type Transaction, statement } from '@cashback/postgres';

const advanceCashbackVersionsStatement = statement({
  name: 'transactions.advance-cashback-versions',
  text: `
  UPDATE transactions.invoices AS stored SET cashback_version = input.version, updated_at = now()
  FROM unnest($1::text[], $2::integer[]) AS input (invoice_id, version)
  WHERE stored.invoice_id = input.invoice_id AND stored.cashback_version < input.version`,
  columns: {},
});

/** Writes the cashback versions of invoices whose locks the transaction holds. They only grow. */
export async function advanceCashbackVersions(
  tx: Transaction,
  versions: readonly { invoice_id: string; cashback_version: number }[],
): Promise<void> {
  if (versions.length === 0) return;
  const rowCount = await advanceCashbackVersionsStatement.run(tx.client, [
    versions.map((one) => one.invoice_id),
    versions.map((one) => one.cashback_version),
  ]);
  if (rowCount !== versions.length) {
    throw new Error(
      `expected to advance the cashback versions of ${versions.length} invoices, advanced ${rowCount}`,
    );
  }
}
