import type { Database, Jobs } from '@cashback/postgres';
import { type Log, createBatcher, createHttpClient } from '@cashback/service';
import type { Settings } from '../../env.ts';
import { type StepName, claimSteps } from '../../db/queries/operations/claim-steps.ts';
import type { TrustCall } from './advance-operation.ts';
import { type AdvanceItem, advanceOperations } from './advance-operations.ts';
import { operationQueue } from '../operation-queue.ts';
import { createOperationRunner } from './run-operations.ts';

const BATCHES = 2;
/** Poll jobs are found by polling the queue alone, so a wait for Trust is at least this coarse. */
const QUEUE_POLL_SECONDS = 0.5;
/** After this time a batch ends, and its slow operations go on by themselves. */
const HAND_OFF_MS = 500;
const MAX_RUNNING = 2_000;
/** Trust's answers are recorded several at a time. */
const INTERVAL = { interval_ms: 25, flush_at: 25 };
const STOP_MS = 5_000;

interface WorkContext {
  database: Database;
  jobs: Jobs;
  log: Log;
  settings: Settings;
  /** Called when operations ended. */
  finished: () => void;
}

/**
 * Works on the queue `cashback_operation`: sends the steps of accepted operations to Trust in their order, until each
 * is known to be applied, refused or skipped. Stop it before the jobs: it enqueues polls.
 *
 *   job -> advance (lock, load, decide, write) -> call to Trust -> advance with the answer -> ... -> ended
 *                                                                          \-> poll later, as a job
 */
export async function workOnOperations(context: WorkContext): Promise<{ stop(): Promise<void> }> {
  const { database, jobs, log, settings, finished } = context;
  const { batch_size, trust_timeout_ms, poll_base_ms, poll_max_ms } = settings;
  const limits = { poll_base_ms, poll_max_ms, call_timeout_ms: trust_timeout_ms };
  const trust = createHttpClient({
    name: 'trust',
    base_url: settings.trust_url,
    token: settings.trust_token,
    timeout_ms: trust_timeout_ms,
    concurrency: settings.trust_concurrency,
  });
  const advance = createBatcher<AdvanceItem, TrustCall | null>({
    keyOf: ({ operation_id }) => operation_id,
    max_size: batch_size,
    concurrency: 1,
    ...INTERVAL,
    run: (items) => advanceOperations({ database, jobs, limits, finished }, items),
  });
  const claim = createBatcher<StepName, number | null>({
    keyOf: ({ operation_id }) => operation_id,
    max_size: batch_size,
    concurrency: 1,
    run: (steps) => claimSteps(database, steps),
  });
  const runner = createOperationRunner({
    trust,
    advance,
    claim,
    log,
    max_running: MAX_RUNNING,
    hand_off_ms: HAND_OFF_MS,
  });
  await jobs.work(
    operationQueue,
    { batch_size, concurrency: BATCHES, poll_seconds: QUEUE_POLL_SECONDS },
    (batch) => runner.run(batch.map(({ payload }) => payload)),
  );
  return {
    async stop() {
      await runner.stop(STOP_MS);
      await trust.close();
    },
  };
}
