import { withTimeout } from '@cashback/timing';
import type pg from 'pg';

/**
 * The settings our statements rely on, for any defaults of the server, the database or the login.
 * Names and values are those of Postgres.
 */
const requiredSettings: Readonly<Record<string, string>> = {
  // Our statements take milliseconds. Compiling one takes longer, and with JIT on the planner does it often.
  jit: 'off',
  // Times are read as ISO 8601, and written into JSON in UTC.
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
  // A single statement is a transaction as well.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  // A pool closes what it does not use, and the connection that listens is idle most of the time.
  idle_session_timeout: '0',
  // A client whose host is gone holds its locks no longer than this. Not every platform has the last one.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '5',
  tcp_user_timeout: '20000',
};

/** An acknowledged commit is durable. A stronger setting, such as `remote_apply`, stays. */
const text = `
  SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS setting (name, value)
  UNION ALL
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;

/**
 * Gives a new connection the required settings and the given ones. They are set by a statement because a pooler, such
 * as PgBouncer, refuses or ignores most settings that arrive with the start of a connection.
 */
export async function prepareSession(
  client: Pick<pg.ClientBase, 'query'>,
  settings: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<void> {
  const session = { ...requiredSettings, ...settings };
  const prepared = client.query(text, [Object.keys(session), Object.values(session)]);
  await withTimeout<unknown>(prepared, timeoutMs, () => {
    throw new Error(`Postgres did not set the session up within ${timeoutMs} ms`);
  });
}
