import { chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import type pg from 'pg';
import type { BaseBackup } from './base-backup.ts';
import { SETTINGS, withClient } from './killable-postgres.ts';

interface Table {
  /** Quoted, with its schema. */
  name: string;
  /** Those that are stored; a generated one is not. */
  columns: string;
}

interface Sequence {
  name: string;
  last_value: string | null;
  start_value: string;
}

/**
 * Puts some schemas back to the backup's moment, as a person does for one side of several in a cluster: a second server
 * starts on the backup, and its tables replace those of the first, all or none, except for the tables `but`.
 */
export async function restoreSchemas(
  url: string,
  backup: BaseBackup,
  schemas: readonly string[],
  { but = [] }: { but?: readonly string[] } = {},
): Promise<void> {
  const exchange = `${backup.folder}.tables`;
  const { uid, gid } = statSync(backup.folder);
  mkdirSync(exchange, { mode: 0o755 });
  chownSync(exchange, uid, gid);
  const fileOf = (index: number): string => `'${path.join(exchange, String(index))}'`;
  try {
    const { tables, sequences } = await withBackup(backup, async (client) => {
      const read = await readSchemas(client, schemas);
      const found = { ...read, tables: read.tables.filter(({ name }) => !but.includes(name)) };
      for (const [index, { name, columns }] of found.tables.entries()) {
        await client.query(`COPY (SELECT ${columns} FROM ${name}) TO ${fileOf(index)}`);
      }
      return found;
    });
    await withClient(url, async (client) => {
      await client.query('BEGIN');
      // No foreign key is checked meanwhile, and no trigger runs.
      await client.query('SET LOCAL session_replication_role = replica');
      await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
      for (const [index, { name, columns }] of tables.entries()) {
        await client.query(`COPY ${name} (${columns}) FROM ${fileOf(index)}`);
      }
      for (const { name, last_value, start_value } of sequences) {
        const isCalled = last_value !== null;
        await client.query('SELECT setval($1::regclass, $2, $3)', [
          name,
          last_value ?? start_value,
          isCalled,
        ]);
      }
      await client.query('COMMIT');
    });
  } finally {
    rmSync(exchange, { recursive: true, force: true });
  }
}

async function withBackup<Result>(
  { folder }: BaseBackup,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  await using server = await startEmbeddedPostgres({ data_dir: folder, settings: SETTINGS });
  return await withClient(server.url, use);
}

async function readSchemas(
  client: pg.Client,
  schemas: readonly string[],
): Promise<{ tables: Table[]; sequences: Sequence[] }> {
  const tables = await client.query<Table>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind = 'r' AND n.nspname = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      GROUP BY 1`,
    [schemas],
  );
  const sequences = await client.query<Sequence>(
    `SELECT format('%I.%I', schemaname, sequencename) AS name, last_value::text, start_value::text
       FROM pg_sequences WHERE schemaname = ANY($1)`,
    [schemas],
  );
  return { tables: tables.rows, sequences: sequences.rows };
}
