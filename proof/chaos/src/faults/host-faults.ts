import { setTimeout as sleep } from 'node:timers/promises';
import type { AppName } from '@cashback/system';
import * as z from 'zod';
import { DATABASE_USERS } from '../testbed.ts';
import type { Fault, FaultContext } from '../fault.ts';

/** The waits for an answer that docs/health.md states end within 30 s. */
const WORKS_AGAIN_WITHIN_MS = 60_000;
/** Other faults may kill the app meanwhile. The time until it is up again does not count, within a bound. */
const MAX_DOWN_MS = 240_000;
/** Within it `/ready` itself must answer: it may wait for a connection, and for an answer on it. */
const READY_TIMEOUT_MS = 25_000;
/** A connection counts as silent after 10 s without an answer. Until then all seems well. */
const SILENT_AFTER_MS = 12_000;
const POLL_MS = 250;

/** Faults of a host that is gone and sends nothing, not even a reset. */
export const HOST_FAULTS: readonly Fault[] = [deadHost()];

/** All open connections to Postgres are silent forever, those of every app at once. New ones work. */
function deadHost(): Fault {
  return {
    name: 'dead host: open connections to Postgres freeze and never end',
    lane: 'callbacks and connections',
    async fire(context) {
      const frozen = context.loseDatabaseHost();
      const shown = await Promise.all(DATABASE_USERS.map((app) => untilItWorks(app, context)));
      // An app that another fault restarts just now shows nothing.
      return shown.some((hasShown) => hasShown) ? frozen : 0;
    },
  };
}

const readiness = z.object({
  status: z.string(),
  pools: z.array(z.object({ silent: z.number() })),
});

/** Waits until the app is ready and no connection of it is silent. Resolves with whether `/ready` said so meanwhile. */
async function untilItWorks(app: AppName, { system }: FaultContext): Promise<boolean> {
  const started = performance.now();
  let hasShown = false;
  let down_ms = 0;
  while (performance.now() - started - down_ms < WORKS_AGAIN_WITHIN_MS && down_ms < MAX_DOWN_MS) {
    const asked = performance.now();
    const seen = await readReady(system.urls[app]);
    const works = seen !== null && seen.status === 'ready' && seen.pools.every(({ silent }) => silent === 0);
    if (seen !== null && !works) hasShown = true;
    if (works && performance.now() - started > SILENT_AFTER_MS) return hasShown;
    await sleep(POLL_MS);
    if (seen === null) down_ms += performance.now() - asked;
  }
  throw new Error(`${app} does not work again ${WORKS_AGAIN_WITHIN_MS / 1000} s after its connections froze`);
}

async function readReady(url: string) {
  try {
    const answer = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) });
    return readiness.parse(await answer.json());
  } catch (error) {
    // Killed, and not up again yet. But a process that runs always answers.
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new Error(`${url}/ready did not answer in ${READY_TIMEOUT_MS / 1000} s`, { cause: error });
    }
    return null;
  }
}
