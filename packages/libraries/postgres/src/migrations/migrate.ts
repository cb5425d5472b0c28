import type { Client } from 'pg';
import { connectClient } from '../connection/connect-client.ts';
import { describeDatabase } from '../connection/connection-settings.ts';
import { requireOwnSession } from '../connection/require-own-session.ts';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { errorCode } from '../errors/errors.ts';
import { applyMigrations } from './apply-migrations.ts';
import { installJobs } from './install-jobs.ts';
import { readOwners } from './owners.ts';
import type { Owner } from './owners.ts';
import type { TableLocks } from './table-locks.ts';
import { createRoles } from './roles.ts';

export type MigrationResult = {
  owner: string;
  /** How many migrations this run applied, and how many there are. */
  applied: number;
  total: number;
  /** `null` when the owner has no jobs. */
  jobs: { schema: string; outcome: 'installed' | 'migrated' | 'unchanged' } | null;
};

export type MigrateSettings = {
  /** A login that owns the database or may create schemas and roles in it. */
  url: string;
  folder: string;
  /** Leaves out what stands in for outside systems, as production does. */
  skip_stand_ins?: boolean;
  report?: (result: MigrationResult) => void;
  table_locks?: TableLocks;
};

const lockNotAvailable = '55P03';
const lockWaitMs = 120_000;
const connectTimeoutMs = 10_000;
/** A change of a table that waits makes everyone behind it wait too: better to fail and be run again. */
const tableLockWaitMs = 10_000;
/** Any constant will do, as long as nothing else in the database uses it. */
const migrationLock = 8_223_417_606;

/**
 * Brings the roles, tables and job queues of every owner up to date, one owner after the other. Runs that
 * overlap wait for each other; a repeated run changes nothing. Each migration is applied as a whole or not at all, and
 * a run that ended between two of them is continued by the next one.
 */
export async function migrate(settings: MigrateSettings): Promise<MigrationResult[]> {
  const all = await readOwners(settings.folder);
  const owners = settings.skip_stand_ins === true ? all.filter(({ stand_in }) => !stand_in) : all;
  const client = await connectClient({
    url: settings.url,
    application_name: 'cashback-migrate',
    statement_timeout_ms: 0,
    lock_timeout_ms: lockWaitMs,
    idle_in_transaction_timeout_ms: 0,
  });
  try {
    await requireOwnSession(client, settings.url, connectTimeoutMs);
    await lock(client, settings.url);
    await client.query(`SET lock_timeout = ${tableLockWaitMs}`);
    const results: MigrationResult[] = [];
    for (const owner of owners) {
      const result = await migrateOwner(client, settings, owner);
      settings.report?.(result);
      results.push(result);
    }
    return results;
  } finally {
    await client.end().catch(() => {});
  }
}

async function migrateOwner(
  client: Client,
  { url, table_locks }: MigrateSettings,
  owner: Owner,
): Promise<MigrationResult> {
  await createRoles(client, owner.roles);
  const { applied, total } = await applyMigrations(client, owner, table_locks);
  const jobs =
    owner.jobs_schema === null
      ? null
      : {
          schema: owner.jobs_schema,
          outcome: await installJobs(client, url, owner.jobs_schema, owner.roles),
        };
  return { owner: owner.name, applied, total, jobs };
}

/** Held until the connection ends, so a run that dies frees it. */
async function lock(client: Client, url: string): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
  } catch (error) {
    if (errorCode(error) !== lockNotAvailable) throw error;
    throw new DatabaseSetupError(
      `another migration has been running on ${describeDatabase(url)} for ${lockWaitMs / 1000} s: ` +
        'wait for it, or find its connection (application_name cashback-migrate) in pg_stat_activity',
      { cause: error },
    );
  }
}
