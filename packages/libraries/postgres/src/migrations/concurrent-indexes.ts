import type pg from 'pg';

/** Building waits for each transaction that began before it; one that never ends must not block it forever. */
const buildWaitMs = 600_000;

const createIndex =
  /^\s*CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?(?:IF NOT EXISTS )?"([^"]+)" ON "([^"]+)"\./;
const dropIndex = /^\s*DROP INDEX CONCURRENTLY /;

/** Whether a migration builds or drops indexes beside running writers, which no transaction may contain. */
export function isConcurrent(statements: readonly string[]): boolean {
  return statements.some((text) => isConcurrentCreate(text) || dropIndex.test(text));
}

/** The statements of such a migration that are nothing else: they would not be undone with it. */
export function mixedInto(statements: readonly string[]): string | undefined {
  return statements.find((text) => !isConcurrentCreate(text) && !dropIndex.test(text));
}

function isConcurrentCreate(text: string): boolean {
  return createIndex.exec(text)?.[1] !== undefined;
}

/**
 * Runs the statements, each by itself. Safe to repeat after a run that died: what is left of an unfinished index is dropped
 * and built again.
 */
export async function runConcurrently(client: pg.Client, statements: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ lock_timeout: string }>('SHOW lock_timeout');
  await client.query(`SET lock_timeout = ${buildWaitMs}`);
  try {
    for (const text of statements) {
      if (await isBuilt(client, text)) continue;
      const [, , name, schema] = createIndex.exec(text) ?? [];
      if (name !== undefined) {
        const unfinished = `${client.escapeIdentifier(schema ?? '')}.${client.escapeIdentifier(name)}`;
        await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${unfinished}`);
      }
      await client.query(text);
    }
  } finally {
    await client.query("SELECT set_config('lock_timeout', $1, false)", [rows[0]?.lock_timeout]);
  }
}

/** True when the statement creates an index that is there and valid: built by an earlier run, or by hand beforehand. */
export async function isBuilt(client: pg.Client, text: string): Promise<boolean> {
  const [, , name, schema] = createIndex.exec(text) ?? [];
  if (name === undefined) return false;
  const found = await client.query(
    `SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE relname = $1 AND relnamespace::regnamespace = $2::text::regnamespace AND indisvalid`,
    [name, client.escapeIdentifier(schema ?? '')],
  );
  return found.rowCount === 1;
}
