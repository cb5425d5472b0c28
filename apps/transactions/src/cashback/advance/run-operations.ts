import type { HttpClient, Log } from '@cashback/service';
import { withTimeout } from '@cashback/timing';
import { type TrustCall, answeredStep, needsClaim } from './advance-operation.ts';
import type { StepName } from '../../db/queries/operations/claim-steps.ts';
import type { AdvanceItem } from './advance-operations.ts';
import { callTrust } from './call-trust.ts';
import type { OperationName } from '../operation-queue.ts';

export interface OperationRunner {
  /**
   * Advances the operations, each until it has to wait for Trust. Resolves when all are there, or after
   * `hand_off_ms`: a slow operation goes on by itself, so that it holds up no later batch. Rejects after `stop`.
   */
  run(operations: readonly OperationName[]): Promise<void>;
  /** Makes no further call, and waits within a bound for the running ones. The sweeper finds what stays open. */
  stop(timeoutMs: number): Promise<void>;
}

interface RunnerOptions {
  trust: HttpClient;
  /** Records the answer, if any, and resolves with the call to make next. */
  advance: (item: AdvanceItem) => Promise<TrustCall | null>;
  /** Claims the step for one request; null when it is no longer to be sent. */
  claim: (step: StepName) => Promise<number | null>;
  log: Log;
  /** `run` waits while this many operations run. */
  max_running: number;
  hand_off_ms: number;
}

export function createOperationRunner(options: RunnerOptions): OperationRunner {
  const { trust, advance, claim, log, max_running, hand_off_ms } = options;
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  async function runOperation(job: OperationName): Promise<void> {
    try {
      let call = await advance({ ...job, answered: null });
      while (call !== null && !stopping.signal.aborted) {
        const isClaimed = needsClaim(call);
        const attempt = isClaimed ? await claim({ ...job, step_number: call.step.step_number }) : null;
        if (isClaimed && attempt === null) return;
        const answer = await callTrust(trust, log, call);
        call = await advance({ ...job, answered: answeredStep(call, attempt, answer) });
      }
    } catch (error) {
      // The rows are unchanged, and soon overdue.
      log.error({ err: error, ...job }, 'operation could not be advanced, the sweeper enqueues it again');
    } finally {
      running.delete(job.operation_id);
    }
  }

  async function settled(runs: Iterable<Promise<void>>, timeoutMs: number): Promise<void> {
    await withTimeout<unknown>(Promise.all(runs), timeoutMs, () => {});
  }

  return {
    async run(jobs) {
      if (stopping.signal.aborted) throw new Error('this process is stopping: another one takes the jobs');
      for (const job of jobs) {
        if (!running.has(job.operation_id)) running.set(job.operation_id, runOperation(job));
      }
      await settled(
        jobs.map(({ operation_id }) => running.get(operation_id) ?? Promise.resolve()),
        hand_off_ms,
      );
      while (running.size >= max_running) await Promise.race(running.values());
    },
    async stop(timeoutMs) {
      stopping.abort();
      await settled(running.values(), timeoutMs);
    },
  };
}
