import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CALM } from '@cashback/demo/parts';
import { trustSettings } from '@cashback/contract';
import { DATABASE_USERS, type DatabaseUser } from './arena.ts';
import { type Fault, HOLD_MS, holdUntil, onRoad } from './fault.ts';

const STOPPED_MS = 4_000;
/** Longer than every wait between two attempts that the apps are given here. */
const OUTAGE_MS = 7_000;
const HOUR_MS = 3_600_000;
const CLOCK = fileURLToPath(new URL('./shift-clock-env.ts', import.meta.url));

/** Every kind that a run must have had at least once. */
export const FAULTS: readonly Fault[] = [
  ...(['worker', 'server', 'transactions', 'processing'] as const).map(killed),
  ...DATABASE_USERS.map(killedBetweenEffects),
  postgresKilled(),
  backendTerminated(),
  ...(['server', 'worker', 'transactions'] as const).map(commitAnswerDropped),
  databaseFault('reset'),
  databaseFault('half_open'),
  ...(['worker', 'transactions', 'processing'] as const).map(stoppedPastLease),
  ...(['worker>transactions', 'transactions>trust'] as const).flatMap((road) => [
    onRoad('429 with Retry-After', road, { kind: 'status', status: 429, retry_after: '1' }),
    onRoad('500', road, { kind: 'status', status: 500 }, { share: 60 }),
    onRoad('503 with Retry-After', road, { kind: 'status', status: 503, retry_after: '1' }),
    onRoad('a page of HTML', road, { kind: 'html' }, { share: 60 }),
    onRoad('hang', road, { kind: 'hang' }, { share: 40 }),
    onRoad('applied, then reset', road, { kind: 'applied_then_reset' }, { share: 60 }),
    onRoad('down for longer than every wait', road, { kind: 'reset' }, { hold_ms: OUTAGE_MS }),
  ]),
  onRoad('applied, then reset', 'processing>server', { kind: 'applied_then_reset' }, { share: 60 }),
  onRoad('stale status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve' }),
  onRoad('flapping status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve', share: 50 }),
  onRoad('stale invoices', 'processing>transactions', { kind: 'stale' }, { path: '/retrieve', share: 50 }),
  partialFailure(),
  queuesDeleted(),
  ...(['transactions>processing', 'transactions>worker', 'trust>wallet'] as const).flatMap((road) => [
    onRoad('callbacks tenfold', road, { kind: 'repeated', times: 10 }),
    onRoad('callbacks reversed', road, (random) => ({ kind: 'late', by_ms: random.integer(0, 1_500) })),
  ]),
  onRoad('callbacks lost', 'transactions>processing', { kind: 'swallowed' }),
  onRoad('callbacks lost', 'transactions>worker', { kind: 'swallowed' }),
  callbacksEarly(),
  ...(['server', 'worker', 'transactions', 'processing'] as const).map(clockOff),
  diskFull(),
];

function killed(app: DatabaseUser): Fault {
  return {
    name: `kill -9 of ${app}`,
    async fire({ system }) {
      await system.killAndRestart(app);
      return 1;
    },
  };
}

/** Each effect of an app is something that it sends; it dies with one of the next, which arrives or does not. */
function killedBetweenEffects(app: DatabaseUser): Fault {
  return {
    name: `kill -9 of ${app} between two effects`,
    async fire({ system, databases, random }) {
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
      await system.killAndRestart(app);
      return fired;
    },
  };
}

function postgresKilled(): Fault {
  return {
    name: 'kill -9 of Postgres',
    async fire({ postgres, revivePostgres }) {
      await postgres.kill();
      await sleep(HOLD_MS);
      await revivePostgres();
      return 1;
    },
  };
}

function backendTerminated(): Fault {
  return {
    name: 'backend terminated in a transaction',
    async fire({ postgres }) {
      let fired = 0;
      for (let attempt = 0; attempt < 200 && fired < 3; attempt += 1) {
        const rows = await postgres.query(
          // Materialized: else it may terminate before it looks whom.
          `WITH chosen AS MATERIALIZED (
             SELECT pid FROM pg_stat_activity
              WHERE application_name = ANY($1::text[]) AND xact_start IS NOT NULL
                AND state IN ('idle in transaction', 'active'))
           SELECT pid FROM chosen WHERE pg_terminate_backend(pid)`,
          [DATABASE_USERS],
        );
        fired += rows.length;
      }
      return fired;
    },
  };
}

function commitAnswerDropped(app: DatabaseUser): Fault {
  return {
    name: `COMMIT's answer dropped, ${app}`,
    async fire({ databases }) {
      const proxy = databases[app];
      const before = proxy.happened.swallow_commit ?? 0;
      const fired = (): number => (proxy.happened.swallow_commit ?? 0) - before;
      proxy.setFault({ kind: 'swallow_commit' });
      await holdUntil(() => fired() > 0, HOLD_MS / 2);
      proxy.setFault(null);
      return fired();
    },
  };
}

function databaseFault(kind: 'reset' | 'half_open'): Fault {
  return {
    name: `connections to Postgres: ${kind.replace('_', '-')}`,
    async fire({ databases, random }) {
      const proxy = databases[random.pick([...DATABASE_USERS])];
      const before = proxy.happened[kind] ?? 0;
      proxy.setFault({ kind });
      await sleep(HOLD_MS);
      proxy.setFault(null);
      return (proxy.happened[kind] ?? 0) - before;
    },
  };
}

/** Another process of the app takes over what the stopped one had: the leases of its jobs are made to be over. */
function stoppedPastLease(app: 'worker' | 'transactions' | 'processing'): Fault {
  const schema = {
    worker: 'cashback_jobs',
    transactions: 'transactions_jobs',
    processing: 'processing_jobs',
  };
  return {
    name: `SIGSTOP of ${app} past its leases, SIGCONT`,
    async fire({ system, postgres }) {
      const { pid } = system.process(app);
      const twin = await system.startTwin(app);
      try {
        process.kill(pid, 'SIGSTOP');
        try {
          await postgres.query(
            `UPDATE ${schema[app]}.job SET started_on = now() - interval '1 hour' WHERE state = 'active'`,
          );
          await sleep(STOPPED_MS);
        } finally {
          process.kill(pid, 'SIGCONT');
        }
        await sleep(HOLD_MS);
      } finally {
        await twin.stop();
      }
      return 1;
    },
  };
}

function partialFailure(): Fault {
  return {
    name: 'partial failure: Trust refuses some of the steps of an operation',
    async fire({ door }) {
      const set = (settings: object): Promise<unknown> =>
        door.insist(() => door.trust.post('/settings', settings, trustSettings));
      await set({ ...CALM, refusal_share: 0.3, failure_share: 0.1, lost_answer_share: 0.1, latency_ms: 100 });
      await sleep(2 * HOLD_MS);
      await set(CALM);
      return 1;
    },
  };
}

function queuesDeleted(): Fault {
  return {
    name: 'all rows of pg-boss deleted',
    async fire({ postgres }) {
      let deleted = 0;
      for (const schema of ['cashback_jobs', 'transactions_jobs', 'processing_jobs']) {
        deleted += (await postgres.query(`DELETE FROM ${schema}.job RETURNING 1`)).length;
      }
      return deleted;
    },
  };
}

/** Told of a version that does not exist yet, and of an operation that nobody has begun. */
function callbacksEarly(): Fault {
  return {
    name: 'callbacks early',
    async fire({ door, postgres }) {
      const invoices = await postgres.query<{ invoice_id: string; version: number; service: string }>(
        'SELECT invoice_id, version, service FROM transactions.invoices ORDER BY updated_at DESC LIMIT 20',
      );
      for (const { invoice_id, version, service } of invoices) {
        const payload = { invoice_id, version, service };
        const id = `early-${invoice_id}-${version}-${Date.now()}`;
        await door.insist(() => door.sendInvoiceChanged(id, payload));
      }
      return invoices.length;
    },
  };
}

function clockOff(app: DatabaseUser): Fault {
  return {
    name: `clock of ${app} an hour off`,
    async fire({ system, random }) {
      const shift_ms = random.chance(50) ? HOUR_MS : -HOUR_MS;
      await system.killAndRestart(app, {
        NODE_OPTIONS: `--import=${CLOCK}`,
        CLOCK_SHIFT_MS: String(shift_ms),
      });
      await sleep(2 * HOLD_MS);
      await system.killAndRestart(app);
      return 1;
    },
  };
}

function diskFull(): Fault {
  return {
    name: 'disk full for Postgres',
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
