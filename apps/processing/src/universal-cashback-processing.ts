import type { JobHandler } from '@cashback/postgres';
import { type Log, createBatcher } from '@cashback/service';
import PQueue from 'p-queue';
import { type UnfinishedChange, loadUnfinished } from './db/queries/changes/lock-changes.ts';
import type { Outcome, StepLimits } from './record/decide-next-attempt.ts';
import type { Inbox } from './inbox/receive-changes.ts';
import { processChange } from './process/process-change.ts';
import { type Processed, recordOutcomes } from './record/record-outcomes.ts';
import type { Upstreams } from './upstreams.ts';

export interface ProcessingOptions {
  inbox: Inbox;
  upstreams: Upstreams;
  log: Log;
  limits: StepLimits;
  /** How many orders are processed at once, over all batches. */
  concurrency: number;
}

/**
 * The queue's handler: loads the rows of a batch at once, processes them concurrently and records what came of them
 * as it comes, a group at a time, so that a slow order holds up the record of no other.
 */
export function createProcessingHandler(options: ProcessingOptions): JobHandler<{ order_id: string }> {
  const { inbox, upstreams, log, limits, concurrency } = options;
  const queue = new PQueue({ concurrency });

  return async (jobs, signal) => {
    const orderIds = [...new Set(jobs.map(({ payload }) => payload.order_id))];
    const changes = await loadUnfinished(inbox.database, orderIds);
    const record = createBatcher<Processed, Outcome>({
      keyOf: ({ change }) => change.order_id,
      max_size: orderIds.length,
      concurrency: 1,
      run: (group) => recordOutcomes(inbox, log, limits, group),
    });

    async function processAndRecord(change: UnfinishedChange): Promise<Outcome | null> {
      const processed = await queue.add(async () =>
        // Aborted, the batch is no longer ours: another worker has it, or the queue will give it to one.
        signal.aborted ? null : processChange(change.order_id, upstreams, signal),
      );
      if (processed === null || signal.aborted) return null;
      return record({ change, ...processed });
    }

    report(log, await Promise.all(changes.map(processAndRecord)));
    signal.throwIfAborted();
  };
}

/** What goes wrong often goes wrong for all orders alike, so it is told once for the batch. */
function report(log: Log, outcomes: readonly (Outcome | null)[]): void {
  const failed = outcomes.filter((outcome) => outcome?.outcome === 'failed');
  if (failed[0] !== undefined) {
    log.warn({ orders: failed.length, reason: failed[0].reason }, 'orders will be tried again');
  }
  const kept = outcomes.filter((outcome) => outcome?.outcome === 'processed' && outcome.asks_again);
  if (kept.length > 0) {
    log.warn(
      { orders: kept.length },
      'the URLs of services gave no answer, which they will be asked for again',
    );
  }
}
