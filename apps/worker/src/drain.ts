import type { Jobs } from '@cashback/postgres';
import type { HttpServer, Log, Loop, Readiness } from '@cashback/service';
import { withTimeout } from '@cashback/timing';
import type { Schedule } from './schedule/schedule.ts';

/** How long running steps may go on after a stop begins. Then their calls are given up. */
export const DRAIN_MS = 8_000;
/** Time to record the calls that were given up. */
const GIVE_UP_MS = 3_000;

/** The two signals of a stop. */
export interface Stop {
  /** Nothing new begins, what runs goes on. */
  stopping: AbortController;
  /** The calls that still run are given up. */
  givingUp: AbortController;
}

interface Drained {
  schedule: Schedule;
  jobs: Jobs;
  server: HttpServer;
  loops: readonly Loop[];
  readiness: Readiness;
  log: Log;
}

/** These stop together: what a step still needs is there until it has ended. */
export async function drain(
  { stopping, givingUp }: Stop,
  { schedule, jobs, server, loops, readiness, log }: Drained,
): Promise<void> {
  stopping.abort();
  readiness.stop();
  const drained = setTimeout(() => givingUp.abort(), DRAIN_MS);
  const claiming = Promise.all([schedule.stop(), jobs.stop({ timeout_ms: DRAIN_MS })]);
  // The queue takes back jobs that are not done in time, but the steps that they began may still run.
  const running = withTimeout(
    claiming.then(() => schedule.idle()),
    DRAIN_MS + GIVE_UP_MS,
    () => log.warn('running steps are left behind'),
  );
  try {
    await Promise.all([server.close(), ...loops.map((loop) => loop.stop()), running]);
  } finally {
    clearTimeout(drained);
  }
}
