import { setTimeout as delay } from 'node:timers/promises';
import { withTimeout } from '@cashback/timing';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Database } from '../connection/database.ts';
import { asError, errorCode, rootMessage } from '../errors/errors.ts';

/** One open transaction. Both speak over the same connection; neither is valid after `withTransaction` ended. */
export type Transaction = { drizzle: NodePgDatabase; client: pg.PoolClient };

const deadlockDetected = '40P01';
const serializationFailure = '40001';
const defaultAttempts = 3;
const retryDelayMs = 20;
const rollbackTimeoutMs = 5_000;

/** A prepared statement whose table changed: it fails for as long as its connection lives. */
const featureNotSupported = '0A000';
const stalePlan = 'cached plan must not change result type';

/**
 * Runs `work` between BEGIN and COMMIT, at READ COMMITTED. When it throws, the transaction is rolled back and
 * the error is thrown on. A deadlock or serialization failure starts over, up to `attempts` times in all, so
 * `work` must have no effect outside the transaction. A lost connection is never retried: whether a COMMIT
 * that was not answered took place is unknown.
 */
export async function withTransaction<Result>(
  database: Pick<Database, 'pool'>,
  work: (transaction: Transaction) => Promise<Result>,
  options: { attempts?: number } = {},
): Promise<Result> {
  const attempts = options.attempts ?? defaultAttempts;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptTransaction(database.pool, work);
    } catch (error) {
      if (!mayPassOnRetry(error) || attempt >= attempts) throw error;
      await delay(Math.random() * retryDelayMs * attempt);
    }
  }
}

async function attemptTransaction<Result>(
  pool: pg.Pool,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // The pool removes its listener from a client it hands out. Without one a dropped connection ends the process.
  const onError = (error: Error): void => {
    broken ??= error;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work({ drizzle: drizzle({ client }), client });
    // Says why, where COMMIT would only say that the connection is gone.
    if (broken !== undefined) throw broken;
    const { command } = await client.query('COMMIT');
    // Postgres answers COMMIT of an aborted transaction with ROLLBACK and no error.
    if (command !== 'COMMIT') {
      throw new Error(
        'the transaction was rolled back: a statement in it failed and its error was swallowed',
      );
    }
    return result;
  } catch (error) {
    broken ??= isStalePlan(error) ? asError(error) : await rollBack(client);
    throw error;
  } finally {
    client.off('error', onError);
    // With an error the pool destroys the connection: a client never goes back inside a transaction.
    client.release(broken);
  }
}

function mayPassOnRetry(error: unknown): boolean {
  const code = errorCode(error);
  return code === deadlockDetected || code === serializationFailure || isStalePlan(error);
}

function isStalePlan(error: unknown): boolean {
  return errorCode(error) === featureNotSupported && rootMessage(error).includes(stalePlan);
}

/** Returns why the connection cannot be used again, if so. */
async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await withTimeout<unknown>(client.query('ROLLBACK'), rollbackTimeoutMs, () => {
      throw new Error(`ROLLBACK was not answered within ${rollbackTimeoutMs} ms`);
    });
    return undefined;
  } catch (error) {
    return asError(error);
  }
}
