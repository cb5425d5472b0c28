import { WaitTimeoutError, waitUntil } from '@cashback/timing';
import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import { openDatabase } from '../connection/database.ts';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { freezeStatistics } from './freeze-statistics.ts';

const indexBuildPollMs = 200;
const indexBuildTimeoutMs = 600_000;

/**
 * Installs or migrates pg-boss in `schema`, and lets `roles` run jobs there without owning anything: apps start
 * pg-boss with `migrate: false`.
 */
export async function installJobs(
  client: pg.ClientBase,
  url: string,
  schema: string,
  roles: readonly string[],
): Promise<'installed' | 'migrated' | 'unchanged'> {
  const before = await installedVersion(client, schema);
  const errors: Error[] = [];
  const database = openDatabase({
    url,
    application_name: 'cashback-migrate',
    max_connections: 2,
    statement_timeout_ms: 0,
    lock_timeout_ms: 0,
    log_error: (error) => errors.push(error),
  });
  const boss = new PgBoss({
    db: { executeSql: (text, values) => database.pool.query(text, values) },
    schema,
    supervise: false,
    schedule: false,
    registerInstance: false,
    bamIntervalSeconds: 10,
  });
  boss.on('error', (error) => errors.push(error));
  try {
    await boss.start();
    await waitForIndexBuilds(boss, errors);
  } finally {
    await boss.stop({ graceful: true, timeout: 10_000 });
    await database.close();
  }
  await freezeStatistics(client, schema);
  await grantJobs(client, schema, roles);
  const after = await installedVersion(client, schema);
  if (before === null) return 'installed';
  return before === after ? 'unchanged' : 'migrated';
}

async function installedVersion(client: pg.ClientBase, schema: string): Promise<number | null> {
  const table = `${client.escapeIdentifier(schema)}.version`;
  const { rows } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    table,
  ]);
  if (rows[0]?.exists !== true) return null;
  const version = await client.query<{ version: number }>(`SELECT version FROM ${table}`);
  return version.rows[0]?.version ?? null;
}

/** A pg-boss migration may leave index builds to a background worker, which apps under their role never run. */
async function waitForIndexBuilds(boss: PgBoss, errors: readonly Error[]): Promise<void> {
  const areBuilt = async (): Promise<boolean> => {
    const open = (await boss.getBamStatus()).filter(({ status }) => status !== 'completed');
    if (open.some(({ status }) => status === 'failed')) throw unbuilt('see the bam table of the schema');
    return open.length === 0;
  };
  const unbuilt = (otherwise: string): Error =>
    new DatabaseSetupError(
      `pg-boss did not finish building its indexes: ${errors.at(-1)?.message ?? otherwise}. Run the migration again.`,
    );
  try {
    await waitUntil('built', areBuilt, { timeout_ms: indexBuildTimeoutMs, interval_ms: indexBuildPollMs });
  } catch (error) {
    throw error instanceof WaitTimeoutError ? unbuilt('still running') : error;
  }
}

async function grantJobs(client: pg.ClientBase, schema: string, roles: readonly string[]): Promise<void> {
  const inSchema = `IN SCHEMA ${client.escapeIdentifier(schema)}`;
  const grantees = roles.map((role) => client.escapeIdentifier(role)).join(', ');
  const statements = [
    `REVOKE ALL ON ALL FUNCTIONS ${inSchema} FROM PUBLIC`,
    ...(roles.length === 0
      ? []
      : [
          `GRANT USAGE ON SCHEMA ${client.escapeIdentifier(schema)} TO ${grantees}`,
          ...grantsTo(inSchema, grantees),
        ]),
  ];
  await client.query(['BEGIN', ...statements, 'COMMIT'].join(';\n'));
}

function grantsTo(inSchema: string, grantees: string): string[] {
  const grants = [
    ['SELECT, INSERT, UPDATE, DELETE', 'TABLES'],
    ['USAGE, SELECT', 'SEQUENCES'],
    ['EXECUTE', 'FUNCTIONS'],
  ] as const;
  return grants.flatMap(([privileges, objects]) => [
    `GRANT ${privileges} ON ALL ${objects} ${inSchema} TO ${grantees}`,
    `ALTER DEFAULT PRIVILEGES ${inSchema} GRANT ${privileges} ON ${objects} TO ${grantees}`,
  ]);
}
