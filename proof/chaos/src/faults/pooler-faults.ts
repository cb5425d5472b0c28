import { setTimeout as sleep } from 'node:timers/promises';
import { type PgBouncer, hasPgBouncer, startPgBouncer } from '@cashback/proxies/pgbouncer';
import { type Fault, type FaultContext, HOLD_MS } from '../fault.ts';

const REFUSAL = 'set pool_mode = session';

/** Faults of a pooler between an app and Postgres. */
export const POOLER_FAULTS: readonly Fault[] = [poolerInTransactionMode()];

/** One more worker is refused behind it, by the setting that is wrong. In session mode it starts, and takes part. */
function poolerInTransactionMode(): Fault {
  return {
    name: 'a pooler in transaction mode, then in session mode, in front of a worker',
    // Postgres stays up, or the refusal would be another one.
    lane: 'callers',
    skipped: () => (hasPgBouncer ? null : 'pgbouncer is not installed (Debian: apt-get install pgbouncer)'),
    async fire(context) {
      const refused = await behind('transaction', context, async (settings) => {
        const twin = await context.system.startTwin('worker', settings).catch((error: Error) => error);
        if (twin instanceof Error) return twin.message;
        await twin.stop();
        throw new Error('a worker started behind a pooler in transaction mode');
      });
      await behind('session', context, async (settings) => {
        const twin = await context.startTwin('worker', settings);
        await sleep(HOLD_MS);
        await twin.stop();
      });
      return refused.includes(REFUSAL) ? 1 : 0;
    },
  };
}

async function behind<Result>(
  pool_mode: 'session' | 'transaction',
  { postgres }: FaultContext,
  use: (settings: Record<string, string>) => Promise<Result>,
): Promise<Result> {
  const pooler: PgBouncer = await startPgBouncer(postgres.url(), { pool_mode });
  try {
    return await use({ DATABASE_URL: pooler.url });
  } finally {
    pooler.stop();
  }
}
