import { withTimeout } from '@cashback/timing';
import type { Client } from 'pg';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { errorCode, rootMessage } from '../errors/errors.ts';
import { connectClient } from './connect-client.ts';
import { describeDatabase } from './connection-settings.ts';

/*
 * Each connection of ours needs a session of its own at Postgres: its role and settings are set once, its statements are
 * prepared once, and one connection listens. A pooler in transaction or statement mode gives each transaction whichever
 * session is free. All seems well until two connections work at the same time.
 *
 *   first:  sets a mark ---------- free -------------------- which session? which mark?
 *   second:                BEGIN, holds the session that is free
 */

const rounds = 3;
const answerMs = 5_000;
/** How PgBouncer refuses BEGIN in statement mode. */
const noTransactions = '08P01';
const settingName = 'cashback.own_session';
const advice =
  'Connect to Postgres directly, or set pool_mode = session for this database at the pooler; prepared statements at ' +
  'the pooler (max_prepared_statements) are not enough.';

/** Throws a `DatabaseSetupError` when a pooler shares the sessions of connections, this one's and others'. */
export async function requireOwnSession(first: Client, url: string, timeoutMs: number): Promise<void> {
  const second = await connectClient({ url, application_name: 'cashback-wait' }, timeoutMs);
  try {
    for (let round = 0; round < rounds; round += 1) {
      const shared = await findShared(first, second, `${process.pid}.${Date.now()}.${round}`);
      if (shared === null) continue;
      throw new DatabaseSetupError(
        `a pooler in transaction mode stands in front of Postgres at ${describeDatabase(url)}: ${shared}. ${advice}`,
      );
    }
  } finally {
    await second.end();
  }
}

/** The evidence that sessions are shared; null when there is none. */
async function findShared(first: Client, second: Client, mark: string): Promise<string | null> {
  const before = await sessionOf(first, 'set_config($1, $2, false)', [settingName, mark]);
  await second.query('BEGIN').catch((error: unknown) => {
    if (errorCode(error) !== noTransactions) throw error;
    throw new DatabaseSetupError(`the database takes no transactions: ${rootMessage(error)}. ${advice}`);
  });
  try {
    const other = await sessionOf(second, 'coalesce(current_setting($1, true), $2)', [settingName, '']);
    if (other.pid === before.pid || other.mark === mark) {
      return 'two connections got the same session of Postgres, one after the other';
    }
    const reading = sessionOf(first, 'coalesce(current_setting($1, true), $2)', [settingName, '']);
    const after = await withTimeout<Awaited<typeof reading> | null>(reading, answerMs, () => null).catch(
      () => null,
    );
    if (after === null) return 'one connection waited for the end of the transaction of another one';
    if (after.pid !== before.pid) return 'one connection got two sessions of Postgres, one after the other';
    return after.mark === mark ? null : 'a setting of a session did not last';
  } finally {
    await second.query('ROLLBACK');
  }
}

async function sessionOf(
  client: Client,
  mark: string,
  values: string[],
): Promise<{ pid: number; mark: string }> {
  const { rows } = await client.query<{ pid: number; mark: string }>(
    `SELECT pg_backend_pid() AS pid, ${mark} AS mark`,
    values,
  );
  const [session] = rows;
  if (session === undefined) throw new Error('Postgres did not say which session this is');
  return session;
}
