import { type Database, type Jobs, withTransaction } from '@cashback/postgres';
import { type Log, type Loop, type Readiness, createLoop } from '@cashback/service';
import { claimOverdue } from '../../db/queries/operations/claim-overdue.ts';
import { operationQueue, sweepJob } from '../operation-queue.ts';

const PAGE = 500;

/** Enqueues operations again whose next attempt is overdue, whatever happened to the queue. */
export function sweepOperations(options: {
  database: Database;
  jobs: Jobs;
  log: Log;
  readiness: Readiness;
  interval_ms: number;
  overdue_ms: number;
}): Loop {
  const { database, jobs, log, readiness, interval_ms, overdue_ms } = options;
  return createLoop({
    name: 'sweep_operations',
    log,
    readiness,
    interval_ms,
    run: async () => {
      const found = await withTransaction(database, async (tx) => {
        const overdue = await claimOverdue(tx, overdue_ms, PAGE);
        if (overdue.length > 0) await jobs.enqueue(operationQueue, overdue.map(sweepJob), tx);
        return overdue.length;
      });
      if (found > 0) log.warn({ operations: found }, 'overdue operations are enqueued again');
      return found === PAGE;
    },
  });
}
