import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppName } from '@cashback/system';
import { countLines } from '../count-lines.ts';
import { DATABASE_USERS, type DatabaseUser } from '../testbed.ts';
import { type Fault, HOLD_MS, type Lane, holdUntil } from '../fault.ts';

const STOPPED_MS = 2_000;
const HOUR_MS = 3_600_000;
const CLOCK = fileURLToPath(new URL('../shift-clock.ts', import.meta.url));

/** Faults of processes, Postgres included, and of its disk. */
export const PROCESS_FAULTS: readonly Fault[] = [
  ...([...DATABASE_USERS, 'wallet'] as const).map(killed),
  ...DATABASE_USERS.map(killedBetweenEffects),
  postgresKilled(),
  ...(['worker', 'transactions', 'processing'] as const).map(stoppedPastLease),
  ...DATABASE_USERS.map(clockOff),
  diskFull(),
];

/** Faults of one process are in one lane, so they follow one another. */
function laneOf(app: AppName): Lane {
  return app === 'worker' || app === 'transactions' ? 'workers' : 'callers';
}

function killed(app: AppName): Fault {
  return {
    name: `kill -9 of ${app}`,
    lane: laneOf(app),
    async fire({ restart }) {
      await restart(app);
      return 1;
    },
  };
}

/** Each effect of an app is a chunk that it sends. The app is killed at one of the next, which arrives or does not. */
function killedBetweenEffects(app: DatabaseUser): Fault {
  return {
    name: `kill -9 of ${app} between two effects`,
    lane: laneOf(app),
    async fire(context) {
      const { system, restart, databases, random } = context;
      let fired = 0;
      let killed: Promise<void> = Promise.resolve();
      databases[app].trip({
        nth: random.integer(1, 60),
        delivered: random.chance(50),
        then() {
          fired += 1;
          killed = system.process(app).kill();
          killed.catch(() => {});
        },
      });
      await holdUntil(() => fired > 0, 0, context);
      databases[app].trip(null);
      await killed;
      await restart(app);
      return fired;
    },
  };
}

function postgresKilled(): Fault {
  return {
    name: 'kill -9 of Postgres',
    lane: 'callers',
    async fire({ postgres, revivePostgres }) {
      const wasKilled = await postgres.kill();
      await sleep(HOLD_MS);
      await revivePostgres();
      return wasKilled ? 1 : 0;
    },
  };
}

/** Makes every lease of an app's work expire, and returns those of before `$1`. */
const EXPIRE: Record<'worker' | 'transactions' | 'processing', string> = {
  // An order that needs no attention is polled sooner than its lease ends.
  worker: `
    WITH jobs AS (${expireJobs('cashback_jobs')}), polls AS (
      UPDATE cashback.order_clears SET poll_at = now() WHERE poll_at IS NOT NULL
      RETURNING old.attention IS NULL AND old.poll_at > now() + interval '2 seconds' AS was_held)
    SELECT FROM jobs WHERE was_held UNION ALL SELECT FROM polls WHERE was_held`,
  transactions: `
    WITH jobs AS (${expireJobs('transactions_jobs')}), operations AS (
      UPDATE transactions.cashback_operations SET next_look_at = now() - interval '1 hour'
       WHERE status IN ('init', 'in-progress'))
    SELECT FROM jobs WHERE was_held`,
  processing: `
    WITH jobs AS (${expireJobs('processing_jobs')}) SELECT FROM jobs WHERE was_held`,
};

function expireJobs(schema: string): string {
  return `UPDATE ${schema}.job SET started_on = now() - interval '1 hour' WHERE state = 'active'
          RETURNING old.started_on < $1::timestamptz AS was_held`;
}

/**
 * Another process of the app takes over the work that the stopped one holds, as all leases are made to expire. It counts
 * what was held: a process that is stopped while it does nothing shows nothing.
 */
function stoppedPastLease(app: 'worker' | 'transactions' | 'processing'): Fault {
  return {
    name: `SIGSTOP of ${app} past its leases, SIGCONT`,
    lane: laneOf(app),
    async fire(context) {
      const { system, startTwin, postgres } = context;
      const { pid } = system.process(app);
      const twin = await startTwin(app);
      let held = 0;
      const stopOnce = async (): Promise<boolean> => {
        signal(app, pid, 'SIGSTOP');
        try {
          const stopped_at = new Date();
          // The other process ends what it holds.
          await sleep(HOLD_MS / 5);
          held = (await postgres.query(EXPIRE[app], [stopped_at])).length;
          if (held > 0) await sleep(STOPPED_MS);
        } finally {
          signal(app, pid, 'SIGCONT');
        }
        await sleep(HOLD_MS / 5);
        return held > 0;
      };
      try {
        // Until it holds some work just then.
        await holdUntil(stopOnce, 0, context);
        await sleep(HOLD_MS / 2);
      } finally {
        await twin.stop();
      }
      return held;
    },
  };
}

function signal(app: string, pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    throw new Error(`${app} ended by itself: its log says why`, { cause: error });
  }
}

/** It counts the lines of the app's log with the wrong time. */
function clockOff(app: DatabaseUser): Fault {
  return {
    name: `clock of ${app} an hour off`,
    lane: laneOf(app),
    async fire(context) {
      const { system, restart, random } = context;
      const shift_ms = random.chance(50) ? HOUR_MS : -HOUR_MS;
      const shifted = countLines(path.join(system.log_folder, `${app}.log`), isOff);
      await restart(app, {
        NODE_OPTIONS: `--import=${CLOCK}`,
        CLOCK_SHIFT_MS: String(shift_ms),
      });
      await holdUntil(() => shifted() > 0, HOLD_MS, context);
      await restart(app);
      return shifted();
    },
  };
}

function isOff(line: string): boolean {
  const time = /"time":"([^"]+)"/.exec(line)?.[1];
  return time !== undefined && Math.abs(Date.parse(time) - Date.now()) > HOUR_MS / 2;
}

/** The errors of the kernel for a full disk, and for a file beyond the limit that stands for one. */
const NO_ROOM = /No space left on device|File too large/;

/** It counts what Postgres could not write, by its own log. */
function diskFull(): Fault {
  return {
    name: 'disk full for Postgres',
    lane: 'callers',
    skipped: ({ disk_skipped }) => disk_skipped,
    async fire(context) {
      const { disk, postgres, revivePostgres } = context;
      if (disk === null) return 0;
      const failed = postgres.countLogged(NO_ROOM);
      try {
        disk.fill();
        const isFull = (): boolean => {
          // Some became free meanwhile.
          disk.fill();
          return failed() > 0;
        };
        await holdUntil(isFull, 2 * HOLD_MS, context);
        return failed();
      } finally {
        disk.free();
        await revivePostgres();
      }
    },
  };
}
