import { drizzle } from 'drizzle-orm/node-postgres';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { migrate as migrateWithDrizzle } from 'drizzle-orm/node-postgres/migrator';
import type pg from 'pg';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { asError, rootMessage } from '../errors/errors.ts';
import type { Owner } from './owners.ts';

type Applied = { hash: string; created_at: string };

const historySchema = 'drizzle';

/**
 * Applies what is missing of the owner's migrations, in one transaction. Refuses a history that drizzle would
 * pass over in silence: a migration that was edited after it ran, or added in front of one that ran.
 */
export async function applyMigrations(
  client: pg.Client,
  owner: Owner,
): Promise<{ applied: number; total: number }> {
  if (!owner.has_migrations) return { applied: 0, total: 0 };
  const historyTable = `${owner.name}_migrations`;
  const migrations = readMigrationFiles({ migrationsFolder: owner.folder });
  const before = await readHistory(client, historyTable);
  assertAppendOnly(owner, migrations, before);
  try {
    await migrateWithDrizzle(drizzle({ client }), {
      migrationsFolder: owner.folder,
      migrationsSchema: historySchema,
      migrationsTable: historyTable,
    });
  } catch (error) {
    throw new DatabaseSetupError(
      `the migrations of ${owner.name} in ${owner.folder} were not applied: ${rootMessage(error)} (${asError(error).message})`,
      { cause: error },
    );
  }
  const after = await readHistory(client, historyTable);
  return { applied: after.length - before.length, total: migrations.length };
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
