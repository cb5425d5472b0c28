import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@cashback/scenario';
import { createCallbackSender } from '@cashback/service';
import type { TcpFault } from '@cashback/proxies';
import { DATABASE_USERS, type DatabaseUser } from '../arena.ts';
import { type Fault, HOLD_MS, holdUntil, onRoad } from '../fault.ts';

const lane = 'callbacks and connections';
const TERMINATED = 3;
const EARLY = 20;
const HELD_BACK_MS = 1_000;

/** What happens to callbacks, to connections to Postgres, and to the queues in it. */
export const CONNECTION_FAULTS: readonly Fault[] = [
  ...(['server', 'worker', 'transactions'] as const).map(commitAnswerDropped),
  backendTerminated(),
  ...(['reset', 'half_open', 'black_hole', 'cut', 'drip'] as const).map(databaseFault),
  queuesDeleted(),
  ...(['transactions>processing', 'transactions>worker', 'trust>wallet'] as const).flatMap((road) => [
    onRoad('callbacks tenfold', road, { kind: 'repeated', times: 10 }, { lane }),
    onRoad('callbacks reversed', road, (nth) => ({ kind: 'late', by_ms: heldBack(nth) }), { lane }),
    // Of what billing was told had arrived nobody could ever make up: it is lost on its way, and comes again.
    onRoad('callbacks lost', road, road === 'trust>wallet' ? { kind: 'reset' } : { kind: 'swallowed' }, {
      lane,
    }),
  ]),
  callbacksEarly(),
];

/** The later one comes, the less it is held back: those of one moment arrive in reverse. */
function heldBack(nth: number): number {
  return Math.max(0, HELD_BACK_MS - nth * 50);
}

function backendTerminated(): Fault {
  return {
    name: 'backend terminated in a transaction',
    lane,
    async fire({ postgres }) {
      let fired = 0;
      for (let attempt = 0; attempt < 200 && fired < TERMINATED; attempt += 1) {
        const rows = await postgres.query(
          // Materialized: else it may terminate before it looks whom.
          `WITH chosen AS MATERIALIZED (
             SELECT pid FROM pg_stat_activity
              WHERE application_name = ANY($1::text[]) AND xact_start IS NOT NULL
                AND state IN ('idle in transaction', 'active')
              LIMIT ${TERMINATED})
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
    lane,
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

function databaseFault(kind: 'reset' | 'half_open' | 'black_hole' | 'cut' | 'drip'): Fault {
  return {
    name: `connections to Postgres: ${kind.replace('_', '-')}`,
    lane,
    async fire({ databases, random }) {
      const proxy = databases[random.pick([...DATABASE_USERS])];
      const before = proxy.happened[kind] ?? 0;
      const fired = (): number => (proxy.happened[kind] ?? 0) - before;
      proxy.setFault(withExtent(kind, random));
      await holdUntil(() => fired() > 0, HOLD_MS);
      proxy.setFault(null);
      return fired();
    },
  };
}

function withExtent(kind: Parameters<typeof databaseFault>[0], random: Random): TcpFault {
  switch (kind) {
    case 'cut':
      return { kind, after_bytes: random.integer(1, 2_000) };
    case 'drip':
      return { kind, bytes: random.integer(10, 200), every_ms: 2 };
    default:
      return { kind };
  }
}

function queuesDeleted(): Fault {
  return {
    name: 'all rows of pg-boss deleted',
    lane,
    async fire({ postgres }) {
      let deleted = 0;
      for (const schema of ['cashback_jobs', 'transactions_jobs', 'processing_jobs', 'wallet_jobs']) {
        deleted += (await postgres.query(`DELETE FROM ${schema}.job RETURNING 1`)).length;
      }
      return deleted;
    },
  };
}

/** Told of a version that does not exist yet, of invoices that are only held, and of the end of an operation that has only begun. */
function callbacksEarly(): Fault {
  return {
    name: 'callbacks early',
    lane,
    async fire({ run, system, roads, postgres }) {
      const { invoice, operation } = system.credentials.callback_secrets;
      const early = (kind: string, secret: string, url: string) => {
        const sender = createCallbackSender({ secret, timeout_ms: HOLD_MS });
        // Whoever is away just now hears of it in time.
        const send = (payload: object): Promise<number> =>
          sender.send({ id: `early-${kind}-${JSON.stringify(payload)}`, url, payload }).then(
            () => 1,
            () => 0,
          );
        return { send, close: () => sender.close() };
      };
      const toProcessing = early('invoice', invoice, roads['transactions>processing'].url);
      const toWorker = early('operation', operation, roads['transactions>worker'].url);
      let sent = 0;
      try {
        for (let attempt = 0; attempt < 20 && sent < EARLY; attempt += 1) {
          const invoices = await postgres.query<{ invoice_id: string; version: number; service: string }>(
            `SELECT invoice_id, version + 1 AS version, service FROM transactions.invoices
              WHERE invoice_id LIKE $1 AND status = 'held' ORDER BY updated_at DESC LIMIT ${EARLY / 2}`,
            [`${run}-%`],
          );
          const operations = await postgres.query<{ invoice_id: string; operation_id: string }>(
            `SELECT invoice_id, operation_id FROM transactions.cashback_operations
              WHERE status IN ('init', 'in-progress') LIMIT ${EARLY / 2}`,
          );
          for (const payload of invoices) sent += await toProcessing.send(payload);
          for (const { ...ids } of operations) sent += await toWorker.send({ ...ids, status: 'success' });
          await sleep(HOLD_MS / 10);
        }
      } finally {
        await Promise.all([toProcessing.close(), toWorker.close()]);
      }
      return sent;
    },
  };
}
