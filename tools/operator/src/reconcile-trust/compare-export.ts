import { type Transaction, statement } from '@cashback/postgres';
import { type Difference, type Pair, differenceOf } from './difference.ts';
import type { ExportRow } from './export-rows.ts';

type Client = Transaction['client'];

/** The time that the export covers. A change here outside of it may be missing in the export. */
export interface Period {
  since: Date | null;
  until: Date;
}

/** Rows that are inserted, and pairs that are fetched, by one statement. */
export const PAGE_SIZE = 5_000;

export const EXPORT_TABLE = `
  CREATE TEMPORARY TABLE exported (
    line integer NOT NULL, kind text NOT NULL, id text COLLATE "C" NOT NULL, amount numeric NOT NULL, status text NOT NULL,
    basket_id text, wallet_id text, source text
  )`;

/** Each statement commits alone: a long transaction that writes would hold back the feeds. */
export async function createExportTable(client: Client): Promise<void> {
  await client.query(EXPORT_TABLE);
}

const insertExportRowsStatement = statement({
  name: 'operator.insert-export-rows',
  text: `
  INSERT INTO exported
  SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::text[], $8::text[])`,
  columns: {},
});

export async function insertExportRows(client: Client, rows: readonly ExportRow[]): Promise<void> {
  const columns = ['line', 'kind', 'id', 'amount', 'status', 'basket_id', 'wallet_id', 'source'] as const;
  await insertExportRowsStatement.run(
    client,
    columns.map((column) => rows.map((row) => row[column])),
  );
}

// Ids of top-ups and refunds are keys of two tables at Trust. Pairs that agree in everything stay in the database.
const comparePairsStatement = statement<Pair>({
  name: 'operator.compare-pairs',
  text: `
  WITH theirs AS (
    SELECT DISTINCT ON (kind, id) *, count(*) OVER (PARTITION BY kind, id)::integer AS count
    FROM exported
    ORDER BY kind, id, line
  ), ours AS (
    SELECT CASE step.kind WHEN 'topup' THEN 'basket' ELSE 'refund' END AS kind, step.step_id AS id, operation.invoice_id,
      coalesce(step.taken, step.amount) AS amount, step.status, step.basket_id, operation.wallet_id, step.source, step.updated_at
    FROM transactions.operation_steps AS step
    JOIN transactions.cashback_operations AS operation USING (operation_id)
    UNION ALL
    SELECT 'basket', basket.basket_id, basket.invoice_id, basket.amount, 'applied', basket.basket_id, invoice.wallet_id,
      basket.source, basket.created_at
    FROM transactions.baskets AS basket
    JOIN transactions.invoices AS invoice USING (invoice_id)
    WHERE NOT EXISTS (SELECT FROM transactions.operation_steps AS step WHERE step.step_id = basket.basket_id)
    UNION ALL
    SELECT 'refund', adopted.step_id, adopted.invoice_id, coalesce(adopted.taken, adopted.amount), 'applied', adopted.basket_id, invoice.wallet_id,
      basket.source, adopted.created_at
    FROM transactions.adopted_steps AS adopted
    JOIN transactions.baskets AS basket USING (invoice_id, basket_id)
    JOIN transactions.invoices AS invoice USING (invoice_id)
    WHERE adopted.kind = 'refund'
  )
  SELECT coalesce(theirs.kind, ours.kind) AS kind, coalesce(theirs.id, ours.id) AS id,
    CASE WHEN theirs.id IS NULL THEN NULL ELSE json_build_object(
      'line', theirs.line, 'count', theirs.count, 'amount', theirs.amount::numeric(16, 4)::text, 'status', theirs.status,
      'basket_id', theirs.basket_id, 'wallet_id', theirs.wallet_id, 'source', theirs.source) END AS exported,
    CASE WHEN ours.id IS NULL THEN NULL ELSE json_build_object(
      'order_id', ours.invoice_id, 'amount', ours.amount::numeric(16, 4)::text, 'status', ours.status,
      'basket_id', ours.basket_id, 'wallet_id', ours.wallet_id, 'source', ours.source,
      'outside', ours.updated_at > $2 OR ours.updated_at < $1) END AS ours
  FROM theirs FULL JOIN ours ON ours.kind = theirs.kind AND ours.id = theirs.id
  WHERE NOT coalesce(ours.status = 'applied' AND theirs.status = 'success' AND theirs.count = 1
    AND ours.amount = theirs.amount AND ours.wallet_id = theirs.wallet_id AND ours.source = theirs.source
    AND ours.basket_id = theirs.basket_id, false)`,
  columns: { kind: 'text', id: 'text', exported: 'json?', ours: 'json?' },
});

/** Yields what differs, in pages, all of one moment. The session can write nothing from here on. */
export async function* compareExport(
  client: Client,
  { since, until }: Period,
): AsyncGenerator<Difference[], void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(`DECLARE pairs NO SCROLL CURSOR FOR ${comparePairsStatement.text}`, [since, until]);
  for (;;) {
    const { rows } = await client.query<Pair>(`FETCH ${PAGE_SIZE} FROM pairs`);
    yield rows.map(differenceOf).filter((difference) => difference !== null);
    if (rows.length < PAGE_SIZE) break;
  }
  await client.query('COMMIT');
}
