import type { Database, Jobs } from '@cashback/postgres';
import { type Log, type Loop, type Readiness, createLoop } from '@cashback/service';
import { deleteOldCallbacks } from './db/delete-old-callbacks.ts';
import { findOverdue } from './db/undelivered-pushes.ts';
import type { Settings } from './env.ts';
import { walletPushJob, walletPushQueue } from './push/wallet-push.ts';

const PAGE_SIZE = 1_000;

/** Enqueues pushes again whose job was lost, and deletes old callbacks. */
export function startSweeper({
  database,
  jobs,
  settings,
  log,
  readiness,
}: {
  database: Database;
  jobs: Jobs;
  settings: Settings;
  log: Log;
  readiness: Readiness;
}): Loop {
  const { pool } = database;
  return createLoop({
    name: 'sweeper',
    log,
    readiness,
    interval_ms: settings.sweep_interval_ms,
    run: async () => {
      const overdue = await findOverdue(pool, { overdueMs: settings.push_overdue_ms, limit: PAGE_SIZE });
      if (overdue.length > 0) {
        log.warn({ pushes: overdue.length }, 'pushes were left undelivered and are put into the queue again');
        await jobs.enqueue(walletPushQueue, overdue.map(walletPushJob));
      }
      const deleted = await deleteOldCallbacks(pool, {
        retentionDays: settings.inbox_retention_days,
        limit: PAGE_SIZE,
      });
      return deleted === PAGE_SIZE;
    },
  });
}
