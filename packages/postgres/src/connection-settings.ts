import type pg from 'pg';
import { DatabaseSetupError } from './database-setup-error.ts';

/** What every connection of an app carries. Times in milliseconds. */
export type ConnectionSettings = {
  url: string;
  /** A group role that the connection takes on at once; the login must be a member of it, or a superuser. */
  role?: string;
  /** What `pg_stat_activity` shows. */
  application_name: string;
  statement_timeout_ms?: number;
  lock_timeout_ms?: number;
  /** Further settings of each session, by their names in Postgres. */
  session?: Record<string, string>;
};

const connectTimeoutMs = 10_000;
const defaultLockTimeoutMs = 10_000;
const idleInTransactionTimeoutMs = 30_000;
const defaultStatementTimeoutMs = 15_000;
const roleName = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * The limits are the server's own. pg's `query_timeout` is left unset on purpose: it abandons a statement
 * that goes on running, so a client could go back to its pool inside a transaction.
 */
export function connectionConfig(settings: ConnectionSettings): pg.ClientConfig {
  const url = parseDatabaseUrl(settings.url);
  const options = url.searchParams.get('options');
  url.searchParams.delete('options');
  url.searchParams.delete('query_timeout');
  return {
    connectionString: url.href,
    options: [
      options,
      settings.role === undefined ? null : `-c role=${checkedRole(settings.role)}`,
      ...Object.entries(settings.session ?? {}).map(([name, value]) => `-c ${name}=${value}`),
    ]
      .filter((option) => option !== null)
      .join(' '),
    application_name: settings.application_name,
    statement_timeout: settings.statement_timeout_ms ?? defaultStatementTimeoutMs,
    lock_timeout: settings.lock_timeout_ms ?? defaultLockTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  };
}

/** Throws an error that names DATABASE_URL and never shows the value: it holds a password. */
function parseDatabaseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null || !isPostgresUrl(parsed)) {
    throw new DatabaseSetupError(
      'DATABASE_URL is not a Postgres URL: expected postgres://user:password@host:5432/database (percent-encode what is special in the password)',
    );
  }
  return parsed;
}

/** Behind the host there is no `@`, unless the password holds a character that ended the host too early. */
function isPostgresUrl({ protocol, hostname, pathname, search, hash }: URL): boolean {
  return /^postgres(ql)?:$/.test(protocol) && hostname !== '' && !`${pathname}${search}${hash}`.includes('@');
}

/** `host:port/database`, without user and password. */
export function describeDatabase(url: string): string {
  const parsed = parseDatabaseUrl(url);
  return `${parsed.hostname}:${parsed.port || '5432'}${parsed.pathname}`;
}

function checkedRole(role: string): string {
  if (!roleName.test(role)) {
    throw new Error(`role ${JSON.stringify(role)} is not a plain name: expected ${roleName.source}`);
  }
  return role;
}
