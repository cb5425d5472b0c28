import type { Client } from 'pg';

interface Definition {
  drop: string;
  make: string;
}

/**
 * Takes every index off the tables and returns what puts them back, one after another: building an index at the end
 * takes a fraction of keeping it up to date row by row. What there is to drop is asked of the database, so that the
 * migrations remain the only place that defines it.
 */
export async function dropIndexes(
  client: Client,
  tables: readonly string[],
): Promise<(built: (name: string) => void) => Promise<void>> {
  const { rows } = await client.query<Definition & { name: string }>(
    `SELECT index.relname AS name,
       CASE WHEN held.oid IS NULL THEN format('DROP INDEX %s', index.oid::regclass)
         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', pg_index.indrelid::regclass, held.conname) END AS drop,
       CASE WHEN held.oid IS NULL THEN pg_get_indexdef(index.oid)
         ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', pg_index.indrelid::regclass, held.conname,
           pg_get_constraintdef(held.oid)) END AS make
     FROM pg_index
     JOIN pg_class AS index ON index.oid = indexrelid
     LEFT JOIN pg_constraint AS held ON held.conindid = index.oid AND held.contype IN ('p', 'u')
     WHERE indrelid = ANY($1::regclass[])`,
    [tables],
  );
  for (const { drop } of rows) await client.query(drop);
  return async (built) => {
    for (const { name, make } of rows) {
      await client.query(make);
      built(name);
    }
  };
}
