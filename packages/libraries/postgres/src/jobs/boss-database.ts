import { createHash } from 'node:crypto';
import type { Db } from 'pg-boss';
import type pg from 'pg';
import type { ConnectionSettings } from '../connection/connection-settings.ts';
import { errorCode } from '../errors/errors.ts';
import type { WithDeadline } from '../connection/connections.ts';
import { listen } from '../connection/listen.ts';

type Executor = Pick<pg.Pool | pg.PoolClient, 'query'>;
type Result = Awaited<ReturnType<Db['executeSql']>>;

const maxStatementNames = 500;
const featureNotSupported = '0A000';
/** Of the statements that fetch, end and add jobs. Upkeep comes as several statements in one text, and may take longer. */
const answerDeadlineMs = 18_000;
const upkeep = /^\s*BEGIN;/;

/**
 * What pg-boss runs its statements through. They are named, so that the server parses and plans each once per
 * connection: that is most of the cost of a job.
 */
export function bossDatabase(settings: {
  pool: pg.Pool;
  listener: ConnectionSettings;
  log_error: (error: Error) => void;
}): Db {
  const { pool } = settings;
  return {
    async executeSql(text, values) {
      try {
        return await execute(pool, text, values);
      } catch (error) {
        // A table changed under a prepared statement; the pool has dropped that connection, and nothing ran.
        if (errorCode(error) !== featureNotSupported) throw error;
        return await pool.query(withDeadline(values === undefined ? { text } : { text, values }));
      }
    },
    listen: (channel, onNotification, onReconnect) =>
      listen({
        connection: settings.listener,
        channel,
        onNotification,
        onListening: onReconnect,
        log_error: settings.log_error,
      }),
  };
}

/** The same over the connection of an open transaction. */
export function bossTransaction(client: pg.PoolClient): Db {
  return { executeSql: (text, values) => execute(client, text, values) };
}

/** Without values a text may hold several statements, which cannot be prepared; their results come as an array. */
async function execute(executor: Executor, text: string, values: unknown[] | undefined): Promise<Result> {
  if (values === undefined || values.length === 0) return executor.query(withDeadline({ text }));
  const name = statementName(text);
  return executor.query(withDeadline(name === undefined ? { text, values } : { name, text, values }));
}

function withDeadline(query: pg.QueryConfig): pg.QueryConfig & WithDeadline {
  return upkeep.test(query.text) ? query : { ...query, deadline_ms: answerDeadlineMs };
}

const statementNames = new Map<string, string>();

/** The texts are few: they vary with schema and queue, not with what is asked. The bound is for what may come. */
function statementName(text: string): string | undefined {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= maxStatementNames) return known;
  const name = `boss_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  statementNames.set(text, name);
  return name;
}
