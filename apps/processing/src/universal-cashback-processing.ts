import type { AuditPlan } from '@cashback/core';
import type { JobHandler } from '@cashback/postgres';
import { type Log, createBatcher } from '@cashback/service';
import PQueue from 'p-queue';
import { lockChanges } from './db/queries/changes/lock-changes.ts';
import type { Upstreams } from './gather/upstreams.ts';
import { type ChangeRow, isUnfinished } from './inbox/change.ts';
import type { Inbox } from './inbox/receive-changes.ts';
import { processChange } from './process/process-change.ts';
import { createStepFailures } from './process/step-failures.ts';
import type { AttemptLimits, Outcome } from './record/decide-next-attempt.ts';
import type { Processed } from './record/outcome-writes.ts';
import { recordOutcomes } from './record/record-outcomes.ts';

export interface ProcessingOptions {
  inbox: Inbox;
  upstreams: Upstreams;
  log: Log;
  limits: AttemptLimits & AuditPlan;
  /** How many orders are processed at once, over all batches. */
  concurrency: number;
  /** Is called with the orders that have begun or ended to need attention. */
  noteAttention: (orderIds: readonly string[]) => void;
}

/**
 * The queue's handler. It loads the rows of a batch at once, processes them concurrently and records the outcomes as
 * they arrive, several in a transaction, so that a slow order holds up no other.
 *
 *   callback, feed, sweep -> inbox (a row an order) -> job
 *                                                       |
 *        read inputs -> calculate -> register           |  process/, gather/
 *                                           |           |
 *                       record: done | retry later | needs attention      record/
 */
export function createProcessingHandler(options: ProcessingOptions): JobHandler<{ order_id: string }> {
  const { inbox, upstreams, log, limits, concurrency, noteAttention } = options;
  const queue = new PQueue({ concurrency });
  const context = { upstreams, failures: createStepFailures(limits) };

  return async (jobs, signal) => {
    const orderIds = [...new Set(jobs.map(({ payload }) => payload.order_id))];
    const changes = (await lockChanges(inbox.database.pool, orderIds)).filter(isUnfinished);
    const record = createBatcher<Processed, Outcome>({
      keyOf: ({ change }) => change.order_id,
      max_size: orderIds.length,
      concurrency: 1,
      run: (batch) => recordOutcomes({ inbox, log, limits, noteAttention }, batch),
    });

    async function processAndRecord(change: ChangeRow): Promise<Outcome | null> {
      const processed = await queue.add(async () =>
        // An aborted batch is no longer ours: the queue gives it to another worker.
        signal.aborted ? null : processChange(change, context, signal),
      );
      if (processed === null || signal.aborted) return null;
      return record({ change, ...processed });
    }

    report(log, await Promise.all(changes.map(processAndRecord)));
    signal.throwIfAborted();
  };
}

/** A failure often concerns all orders alike, so it is logged once a batch. */
function report(log: Log, outcomes: readonly (Outcome | null)[]): void {
  const failed = outcomes.filter((outcome) => outcome?.outcome === 'failed');
  if (failed[0] !== undefined) {
    log.warn({ orders: failed.length, reason: failed[0].reason }, 'orders will be tried again');
  }
  const kept = outcomes.filter((outcome) => outcome?.outcome === 'processed' && outcome.asks_again);
  if (kept.length > 0) {
    log.warn({ orders: kept.length }, 'the URLs of services gave no answer and will be asked again');
  }
}
