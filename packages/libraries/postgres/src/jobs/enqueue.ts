import type { PgBoss } from 'pg-boss';
import type { Transaction } from '../statements/transaction.ts';
import { bossTransaction } from './boss-database.ts';
import type { Queue } from './define-queue.ts';
import { uuidV7 } from '../statements/uuid-v7.ts';

export type JobInput<Payload> = {
  key: string;
  payload: Payload;
  /** The least delay in seconds from now, or the earliest time. */
  start_after_seconds?: number;
  start_after?: Date;
};

const jobsPerStatement = 1_000;

/**
 * Adds the jobs, skipping those whose key has one waiting. Inside `transaction` they and their wake-up take
 * effect with its commit. A job that is skipped there stands behind one that may be picked up before that
 * commit: a handler therefore reads its rows under a lock that the transaction holds too.
 */
export async function enqueue<Payload extends object>(
  boss: PgBoss,
  queue: Queue<Payload>,
  jobs: readonly JobInput<Payload>[],
  transaction?: Transaction,
): Promise<void> {
  // In one order everywhere, so that two transactions never wait for each other's keys.
  const rows = jobs.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(toRow);
  const options = transaction === undefined ? {} : { db: bossTransaction(transaction.client) };
  for (let from = 0; from < rows.length; from += jobsPerStatement) {
    await boss.insert(queue.name, rows.slice(from, from + jobsPerStatement), options);
  }
}

function toRow<Payload extends object>(job: JobInput<Payload>) {
  if (job.key === '') throw new Error('a job needs a key: the id of what it is about');
  const startAfter = job.start_after ?? job.start_after_seconds;
  return {
    id: uuidV7(),
    // The key again: asking pg-boss for its column makes it read twenty others with it.
    data: { key: job.key, payload: job.payload },
    singletonKey: job.key,
    ...(startAfter === undefined ? {} : { startAfter }),
  };
}
