import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { errorCode } from '../errors/errors.ts';

/** How a migration waits for the locks of the tables that it changes. */
export interface TableLocks {
  /** For each of them; then it gives up all that it has, so that the apps behind it go on. */
  wait_ms: number;
  attempts: number;
  /** Between two attempts. */
  pause_ms: number;
}

/**
 * A migration that waits holds up everything behind it, on the tables that it has and on the one that it waits for. Three
 * waits together are shorter than Postgres's `deadlock_timeout` of a second: the migration gives way before a transaction
 * of an app is ended for it. In all it tries for some two minutes.
 */
export const TABLE_LOCKS: TableLocks = { wait_ms: 300, attempts: 100, pause_ms: 1_000 };

const lockNotAvailable = '55P03';
const deadlockDetected = '40P01';

/**
 * Runs `work` in a transaction that waits for each lock a short time only, and starts over when one is not free. All of it
 * takes hold or nothing: the release that runs beside, and the next one, know no state between.
 */
export async function withTableLocks(
  client: pg.Client,
  { wait_ms, attempts, pause_ms }: TableLocks,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query('BEGIN');
      await client.query(`SET LOCAL lock_timeout = ${wait_ms}`);
      await work();
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      if (![lockNotAvailable, deadlockDetected].includes(errorCode(error) ?? '')) throw error;
      if (attempt >= attempts) throw stillLocked(attempts, error);
      await delay(pause_ms / 2 + (pause_ms / 2) * Math.random());
    }
  }
}

function stillLocked(attempts: number, cause: unknown): Error {
  return new Error(
    `a table that it changes was locked by another transaction each of ${attempts} times: find the oldest ones in ` +
      'pg_stat_activity (xact_start), and run the migration again',
    { cause },
  );
}
