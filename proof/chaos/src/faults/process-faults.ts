import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppName } from '@cashback/system';
import { DATABASE_USERS, type DatabaseUser } from '../testbed.ts';
import { type Fault, HOLD_MS, type Lane, holdUntil } from '../fault.ts';

const STOPPED_MS = 3_000;
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
    async fire({ system, restart, databases, random }) {
      let fired = 0;
      databases[app].trip({
        nth: random.integer(1, 60),
        delivered: random.chance(50),
        then() {
          fired += 1;
          process.kill(system.process(app).pid, 'SIGKILL');
        },
      });
      await holdUntil(() => fired > 0, 0);
      databases[app].trip(null);
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
      await postgres.kill();
      await sleep(HOLD_MS);
      await revivePostgres();
      return 1;
    },
  };
}

/** Another process of the app takes over the work of the stopped one, as all its leases are made to expire. */
function stoppedPastLease(app: 'worker' | 'transactions' | 'processing'): Fault {
  const expired = {
    worker: [
      `UPDATE cashback_jobs.job SET started_on = now() - interval '1 hour' WHERE state = 'active'`,
      'UPDATE cashback.order_clears SET poll_at = now() WHERE poll_at IS NOT NULL',
    ],
    transactions: [
      `UPDATE transactions_jobs.job SET started_on = now() - interval '1 hour' WHERE state = 'active'`,
      `UPDATE transactions.cashback_operations SET next_look_at = now() - interval '1 hour'
        WHERE status IN ('init', 'in-progress')`,
    ],
    processing: [
      `UPDATE processing_jobs.job SET started_on = now() - interval '1 hour' WHERE state = 'active'`,
    ],
  };
  return {
    name: `SIGSTOP of ${app} past its leases, SIGCONT`,
    lane: laneOf(app),
    async fire({ system, startTwin, postgres }) {
      const { pid } = system.process(app);
      const twin = await startTwin(app);
      try {
        signal(app, pid, 'SIGSTOP');
        try {
          for (const statement of expired[app]) await postgres.query(statement);
          await sleep(STOPPED_MS);
        } finally {
          signal(app, pid, 'SIGCONT');
        }
        await sleep(HOLD_MS / 2);
      } finally {
        await twin.stop();
      }
      return 1;
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

function clockOff(app: DatabaseUser): Fault {
  return {
    name: `clock of ${app} an hour off`,
    lane: laneOf(app),
    async fire({ restart, random }) {
      const shift_ms = random.chance(50) ? HOUR_MS : -HOUR_MS;
      await restart(app, {
        NODE_OPTIONS: `--import=${CLOCK}`,
        CLOCK_SHIFT_MS: String(shift_ms),
      });
      await sleep(HOLD_MS);
      await restart(app);
      return 1;
    },
  };
}

function diskFull(): Fault {
  return {
    name: 'disk full for Postgres',
    lane: 'callers',
    skipped: ({ disk_skipped }) => disk_skipped,
    async fire({ disk, revivePostgres }) {
      if (disk === null) return 0;
      disk.fill();
      await sleep(2 * HOLD_MS);
      disk.free();
      await revivePostgres();
      return 1;
    },
  };
}
