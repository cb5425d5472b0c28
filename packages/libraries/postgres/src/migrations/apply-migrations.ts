import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import type pg from 'pg';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { asError, rootMessage } from '../errors/errors.ts';
import { isBuilt, isConcurrent, mixedInto, runConcurrently } from './concurrent-indexes.ts';
import type { Owner } from './owners.ts';
import { TABLE_LOCKS, type TableLocks, withTableLocks } from './table-locks.ts';

type Applied = { hash: string; created_at: string };

const historySchema = 'drizzle';

/**
 * Applies what is missing of the owner's migrations, each in a transaction of its own with its row of the history, so that
 * no more tables are locked together than one migration changes, and a run that dies is continued by the next one. Those of
 * concurrent indexes run outside of a transaction. Refuses a history that would be passed over in silence: a migration that
 * was edited after it ran, or added in front of one that ran.
 */
export async function applyMigrations(
  client: pg.Client,
  owner: Owner,
  locks: TableLocks = TABLE_LOCKS,
): Promise<{ applied: number; total: number }> {
  if (!owner.has_migrations) return { applied: 0, total: 0 };
  const historyTable = `${owner.name}_migrations`;
  const migrations = readMigrationFiles({ migrationsFolder: owner.folder });
  const before = await readHistory(client, historyTable);
  assertAppendOnly(owner, migrations, before);
  const newest = Number(before.at(-1)?.created_at ?? Number.NEGATIVE_INFINITY);
  const missing = migrations.filter(({ folderMillis }) => folderMillis > newest);
  try {
    await createHistory(client, historyTable);
    for (const migration of missing) await applyMigration(client, historyTable, migration, locks);
  } catch (error) {
    throw new DatabaseSetupError(
      `the migrations of ${owner.name} in ${owner.folder} were not applied: ${rootMessage(error)} (${asError(error).message})`,
      { cause: error },
    );
  }
  const after = await readHistory(client, historyTable);
  return { applied: after.length - before.length, total: migrations.length };
}

async function applyMigration(
  client: pg.Client,
  table: string,
  migration: MigrationMeta,
  locks: TableLocks,
): Promise<void> {
  if (isConcurrent(migration.sql)) {
    const other = mixedInto(migration.sql);
    if (other !== undefined) {
      throw new Error(
        `a migration of concurrent indexes has another statement, which needs its own: ${other}`,
      );
    }
    await runConcurrently(client, migration.sql);
    await addToHistory(client, table, migration);
    return;
  }
  await withTableLocks(client, locks, async () => {
    for (const text of migration.sql) if (!(await isBuilt(client, text))) await client.query(text);
    await addToHistory(client, table, migration);
  });
}

/** As drizzle-kit has it. */
async function createHistory(client: pg.Client, table: string): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${historySchema}`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${historySchema}.${client.escapeIdentifier(table)}
       (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
  );
}

async function addToHistory(
  client: pg.Client,
  table: string,
  { hash, folderMillis }: MigrationMeta,
): Promise<void> {
  await client.query(
    `INSERT INTO ${historySchema}.${client.escapeIdentifier(table)} (hash, created_at) VALUES ($1, $2)`,
    [hash, folderMillis],
  );
}

async function readHistory(client: pg.Client, table: string): Promise<Applied[]> {
  const name = `${historySchema}.${client.escapeIdentifier(table)}`;
  const { rows } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    name,
  ]);
  if (rows[0]?.exists !== true) return [];
  const history = await client.query<Applied>(`SELECT hash, created_at FROM ${name} ORDER BY created_at, id`);
  return history.rows;
}

function assertAppendOnly(
  owner: Owner,
  migrations: readonly { hash: string; folderMillis: number }[],
  applied: readonly Applied[],
): void {
  const byTime = migrations.toSorted((a, b) => a.folderMillis - b.folderMillis);
  for (const [index, { hash, created_at }] of applied.entries()) {
    const migration = byTime[index];
    if (migration === undefined) continue; // a newer release ran here before: its migrations are not ours to judge
    if (migration.hash === hash && migration.folderMillis === Number(created_at)) continue;
    throw new DatabaseSetupError(
      `the migrations of ${owner.name} do not continue what this database has: number ${index + 1} in ${owner.folder} ` +
        'was edited, or another was put in front of it, after it ran. Migrations are append-only: ' +
        'restore that file and add a new migration with `pnpm migration`.',
    );
  }
}
