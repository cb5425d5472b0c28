import type pg from 'pg';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';

/** What every connection of an app carries. Times in milliseconds; 0 is no limit. */
export type ConnectionSettings = {
  url: string;
  /** A group role that the connection takes on at once; the login must be a member of it, or a superuser. */
  role?: string;
  /** What `pg_stat_activity` shows. */
  application_name: string;
  statement_timeout_ms?: number;
  lock_timeout_ms?: number;
  idle_in_transaction_timeout_ms?: number;
  /** Further settings of each session, by their names in Postgres. */
  session?: Record<string, string>;
};

const connectTimeoutMs = 10_000;
/** How long a connection is idle before its peer is asked whether it is there; ten more seconds, and it is closed. */
const keepAliveAfterMs = 10_000;
const defaultLockTimeoutMs = 10_000;
const defaultIdleInTransactionTimeoutMs = 30_000;
const defaultStatementTimeoutMs = 15_000;
const roleName = /^[a-z_][a-z0-9_]{0,62}$/;

/** How to connect, and the session settings that the new connection is given. */
export type Connection = {
  config: pg.ClientConfig;
  session: Record<string, string>;
  /** To connect, and to be handed a client by a pool. */
  timeout_ms: number;
  statement_timeout_ms: number;
};

/**
 * The limits are the server's own, and `connections.ts` has one of ours for a server that is gone. pg's
 * `query_timeout` is left unset on purpose: it abandons a statement that goes on running, so a client could go back to
 * its pool inside a transaction.
 */
export function connectionOf(settings: ConnectionSettings): Connection {
  const url = parseDatabaseUrl(settings.url);
  url.searchParams.delete('query_timeout');
  const statement_timeout_ms = settings.statement_timeout_ms ?? defaultStatementTimeoutMs;
  return {
    config: {
      connectionString: url.href,
      application_name: settings.application_name,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveAfterMs,
    },
    session: {
      statement_timeout: String(statement_timeout_ms),
      lock_timeout: String(settings.lock_timeout_ms ?? defaultLockTimeoutMs),
      idle_in_transaction_session_timeout: String(
        settings.idle_in_transaction_timeout_ms ?? defaultIdleInTransactionTimeoutMs,
      ),
      ...settings.session,
      ...(settings.role === undefined ? {} : { role: checkedRole(settings.role) }),
    },
    timeout_ms: connectTimeoutMs,
    statement_timeout_ms,
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
