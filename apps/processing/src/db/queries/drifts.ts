import { type Database, type Transaction, statement } from '@cashback/postgres';
import type { Drift } from '../../process/drift.ts';

// Settings that differ are found at each comparison, and written down once for each change of them.
const insertDriftsStatement = statement({
  name: 'processing.insert-drifts',
  text: `
  INSERT INTO processing.drifts (order_id, class, before, after, found_by, healed)
  SELECT order_id, class, before::jsonb, after::jsonb, found_by, healed
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    AS input (order_id, class, before, after, found_by, healed)
  ON CONFLICT DO NOTHING`,
  columns: {},
});

/** Writes differences down. */
export async function insertDrifts({ client }: Transaction, drifts: readonly Drift[]): Promise<void> {
  if (drifts.length === 0) return;
  await insertDriftsStatement.run(client, [
    drifts.map((drift) => drift.order_id),
    drifts.map((drift) => drift.class),
    drifts.map((drift) => drift.before && JSON.stringify(drift.before)),
    drifts.map((drift) => drift.after && JSON.stringify(drift.after)),
    drifts.map((drift) => drift.found_by),
    drifts.map((drift) => drift.healed),
  ]);
}

/** An earlier release wrote `processing` as what found it. */
interface DriftRow extends Omit<Drift, 'found_by'> {
  drift_id: string;
  found_by: string;
  created_at: Date;
}

const listDriftsStatement = statement<DriftRow>({
  name: 'processing.list-drifts',
  text: `
  SELECT drift_id, order_id, class, before, after, found_by, healed, created_at
  FROM processing.drifts
  WHERE drift_id > $1::bigint
  ORDER BY drift_id
  LIMIT $2`,
  columns: {
    drift_id: 'int8',
    order_id: 'text',
    class: 'text',
    before: 'jsonb?',
    after: 'jsonb?',
    found_by: 'text',
    healed: 'bool',
    created_at: 'timestamptz',
  },
});

/** A page of them, oldest first; `after` is the last `drift_id` of the page before. */
export function listDrifts(
  { pool }: Database,
  { after, limit }: { after: string; limit: number },
): Promise<DriftRow[]> {
  return listDriftsStatement.rows(pool, [after, limit]);
}
