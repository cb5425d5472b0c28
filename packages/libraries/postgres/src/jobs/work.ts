import type { Job as BossJob, JobResult, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { asError } from '../errors/errors.ts';
import type { Queue } from './define-queue.ts';

export type Job<Payload> = { id: string; key: string; payload: Payload };

/** Jobs that failed although the rest of their batch is done, by their ids. */
export type FailedJobs = ReadonlyMap<string, Error>;

/**
 * Resolves when every job of the batch is done but for those that it names, which are tried again later. When it
 * throws, all of them are. The signal aborts when the jobs are no longer ours: the batch took too long, or `stop` ran
 * out of time.
 */
export type JobHandler<Payload> = (jobs: Job<Payload>[], signal: AbortSignal) => Promise<FailedJobs | void>;

export type WorkOptions = {
  /** Most jobs handed to the handler at a time; default 100. */
  batch_size?: number;
  /** How many batches run at the same time; default 1. */
  concurrency?: number;
  /** How long a job waits at most when its wake-up was lost, at least 0.5; default 1. */
  poll_seconds?: number;
};

const shownCharacters = 200;

export async function work<Payload>(
  boss: PgBoss,
  queue: Queue<Payload>,
  options: WorkOptions,
  handler: JobHandler<Payload>,
  logError: (error: Error) => void,
): Promise<void> {
  const stored = storedShape(queue);
  const pollSeconds = options.poll_seconds ?? 1;
  await boss.work(
    queue.name,
    {
      batchSize: options.batch_size ?? 100,
      localConcurrency: options.concurrency ?? 1,
      pollingIntervalSeconds: pollSeconds,
      notifyPollingIntervalSeconds: pollSeconds,
      burstWhenBatchFull: true,
      perJobResults: true,
    },
    (batch) => runBatch(queue, stored, batch, handler, logError),
  );
}

/** What `enqueue` stores. */
function storedShape<Payload>(queue: Queue<Payload>) {
  return z.object({ key: z.string(), payload: queue.payload });
}

async function runBatch<Payload>(
  queue: Queue<Payload>,
  stored: ReturnType<typeof storedShape<Payload>>,
  batch: BossJob<unknown>[],
  handler: JobHandler<Payload>,
  logError: (error: Error) => void,
): Promise<JobResult[]> {
  const results: JobResult[] = [];
  const jobs: Job<Payload>[] = [];
  for (const { id, data } of batch) {
    const parsed = stored.safeParse(data);
    if (parsed.success) {
      jobs.push({ id, ...parsed.data });
    } else {
      const error = new Error(
        `queue ${queue.name}: job ${id} is dropped, what it holds is not what the queue expects: ` +
          `${z.prettifyError(parsed.error)}; it holds ${JSON.stringify(data)?.slice(0, shownCharacters)}`,
      );
      logError(error);
      // Not tried again: it would fail the same way, and hold its key's place meanwhile.
      results.push({ id, status: 'deadletter', output: error });
    }
  }
  if (jobs.length > 0) results.push(...(await settle(queue, jobs, signalOf(batch), handler, logError)));
  return results;
}

async function settle<Payload>(
  queue: Queue<Payload>,
  jobs: Job<Payload>[],
  signal: AbortSignal,
  handler: JobHandler<Payload>,
  logError: (error: Error) => void,
): Promise<JobResult[]> {
  try {
    const failed = (await handler(jobs, signal)) ?? new Map<string, Error>();
    const [first] = failed.values();
    if (first !== undefined)
      logError(
        failure(
          queue,
          jobs.filter(({ id }) => failed.has(id)),
          first,
        ),
      );
    return jobs.map(({ id }) => {
      const error = failed.get(id);
      return error === undefined ? { id, status: 'completed' } : { id, status: 'failed', output: error };
    });
  } catch (thrown) {
    const error = asError(thrown);
    logError(failure(queue, jobs, error));
    return jobs.map(({ id }) => ({ id, status: 'failed', output: error }));
  }
}

function failure(queue: Queue<unknown>, jobs: readonly { key: string }[], cause: Error): Error {
  const keys = jobs.slice(0, 5).map(({ key }) => key);
  const named = `${keys.join(', ')}${jobs.length > 5 ? ', ...' : ''}`;
  const message = `queue ${queue.name}: the handler failed for ${jobs.length} jobs (${named}): ${cause.message}`;
  return new Error(message, { cause });
}

/** Aborts when no job of the batch is ours any more; a single one that was lost leaves the others theirs. */
function signalOf(batch: readonly { signal: AbortSignal }[]): AbortSignal {
  const controller = new AbortController();
  let held = batch.length;
  for (const { signal } of batch) {
    const release = (): void => {
      held -= 1;
      if (held === 0) controller.abort(signal.reason);
    };
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
  }
  return controller.signal;
}
