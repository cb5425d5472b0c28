import { withTimeout } from '@cashback/timing';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { connectionOf } from './connection-settings.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { createConnections } from './connections.ts';
import type { Connections } from './connections.ts';
import { prepareSession } from './session.ts';

export type Database = {
  pool: Pool;
  drizzle: NodePgDatabase;
  connections: Connections;
  /** Waits for clients that are checked out, within a bound, then closes every connection. May be called twice. */
  close(): Promise<void>;
};

export type DatabaseSettings = ConnectionSettings & {
  max_connections?: number;
  /** Receives the errors of connections that broke while idle; the pool replaces them by itself. */
  log_error?: (error: Error) => void;
};

const defaultMaxConnections = 10;
const idleTimeoutMs = 30_000;
const closeTimeoutMs = 5_000;

/** Opens no connection yet: an unreachable database shows at the first statement, or in `waitForDatabase`. */
export function openDatabase(settings: DatabaseSettings): Database {
  const { config, session, timeout_ms, statement_timeout_ms } = connectionOf(settings);
  const max = settings.max_connections ?? defaultMaxConnections;
  const connections = createConnections(statement_timeout_ms, max);
  const pool = new Pool({
    ...config,
    Client: connections.Client,
    // The pool waits for the promise, whatever its types say, and closes a connection that could not be prepared.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: (client) => prepareSession(client, session, timeout_ms),
    max,
    idleTimeoutMillis: idleTimeoutMs,
  });
  let closing: Promise<void> | undefined;
  // As the pool hands out a client, it has no listener for a moment: an end that arrives in one piece
  // with the answer before it would be an unhandled error, which ends the process. Its next statement fails anyway.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => {
    // The pool attaches the whole connection, with the key to cancel its statements: not for a log.
    Reflect.deleteProperty(error, 'client');
    // Errors while closing do not matter.
    if (closing === undefined) settings.log_error?.(error);
  });
  return {
    pool,
    drizzle: drizzle({ client: pool }),
    connections: {
      state: connections.state,
      limitWaits(limitMs) {
        connections.limitWaits(limitMs);
        // The pool reads it for every client that it hands out or makes.
        pool.options.connectionTimeoutMillis = Math.min(limitMs, timeout_ms);
      },
    },
    close: () => (closing ??= end()),
  };

  async function end(): Promise<void> {
    const ended = pool.end();
    const destroyAll = (): void => connections.destroyAll();
    await withTimeout(ended, closeTimeoutMs, destroyAll).catch(destroyAll);
  }
}
