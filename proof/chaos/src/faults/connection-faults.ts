import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@cashback/scenario';
import { createCallbackSender } from '@cashback/service';
import type { TcpFault } from '@cashback/proxies';
import { DATABASE_USERS, type DatabaseUser, type Link } from '../testbed.ts';
import { type Fault, HOLD_MS, holdUntil, onLink } from '../fault.ts';

const lane = 'callbacks and connections';
const TERMINATED = 3;
/** Only a backend that has ended by then counts. */
const TERMINATED_WITHIN_MS = 2_000;
const EARLY = 20;
/** As many, unless none was sent. */
const ROUNDS = 20;
const CALLBACK_LINKS = [
  'transactions>processing',
  'transactions>worker',
  'trust>wallet',
  'trust>worker',
] as const satisfies readonly Link[];
/** Half of the callbacks are late. Another one overtakes them, or their own repetition: their senders wait for 2 s. */
const LATE_MS = 4_000;

/** Faults of callbacks, of connections to Postgres, and of the queues in it. */
export const CONNECTION_FAULTS: readonly Fault[] = [
  ...(['server', 'worker', 'transactions'] as const).map(commitAnswerDropped),
  backendTerminated(),
  ...(['reset', 'half_open', 'black_hole', 'cut', 'drip'] as const).map(databaseFault),
  queuesDeleted(),
  ...CALLBACK_LINKS.flatMap((link) => [
    onLink('callbacks tenfold', link, { kind: 'repeated', times: 10 }, { lane }),
    onLink('callbacks reversed', link, { kind: 'late', by_ms: LATE_MS }, { lane, share: 50 }),
    // Billing never repeats a delivered callback, and no app could recover its content. So it is reset instead.
    onLink('callbacks lost', link, link === 'trust>wallet' ? { kind: 'reset' } : { kind: 'swallowed' }, {
      lane,
    }),
  ]),
  callbacksEarly(),
];

function backendTerminated(): Fault {
  return {
    name: 'backend terminated in a transaction',
    lane,
    async fire(context) {
      let fired = 0;
      const terminate = async (): Promise<boolean> => {
        const rows = await context.postgres.query(
          // Materialized, or the planner may terminate backends before it has limited them.
          `WITH chosen AS MATERIALIZED (
             SELECT pid FROM pg_stat_activity
              WHERE application_name = ANY($1::text[]) AND xact_start IS NOT NULL
                AND state IN ('idle in transaction', 'active')
              LIMIT ${TERMINATED})
           SELECT pid FROM chosen WHERE pg_terminate_backend(pid, ${TERMINATED_WITHIN_MS})`,
          [DATABASE_USERS],
        );
        fired += rows.length;
        return fired >= TERMINATED;
      };
      await holdUntil(terminate, 0, context, { poll_ms: 1 });
      return fired;
    },
  };
}

function commitAnswerDropped(app: DatabaseUser): Fault {
  return {
    name: `COMMIT's answer dropped, ${app}`,
    lane,
    async fire(context) {
      const proxy = context.databases[app];
      const before = proxy.happened.swallow_commit ?? 0;
      const fired = (): number => (proxy.happened.swallow_commit ?? 0) - before;
      proxy.setFault({ kind: 'swallow_commit' });
      await holdUntil(() => fired() > 0, HOLD_MS / 2, context);
      proxy.setFault(null);
      return fired();
    },
  };
}

function databaseFault(kind: 'reset' | 'half_open' | 'black_hole' | 'cut' | 'drip'): Fault {
  return {
    name: `connections to Postgres: ${kind.replace('_', '-')}`,
    lane,
    async fire(context) {
      const { databases, random } = context;
      const proxy = databases[random.pick([...DATABASE_USERS])];
      const before = proxy.happened[kind] ?? 0;
      const fired = (): number => (proxy.happened[kind] ?? 0) - before;
      proxy.setFault(withExtent(kind, random));
      await holdUntil(() => fired() > 0, HOLD_MS, context);
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
    async fire(context) {
      let deleted = 0;
      const deleteAll = async (): Promise<boolean> => {
        for (const schema of ['cashback_jobs', 'transactions_jobs', 'processing_jobs', 'wallet_jobs']) {
          deleted += (await context.postgres.query(`DELETE FROM ${schema}.job RETURNING 1`)).length;
        }
        return deleted > 0;
      };
      await holdUntil(deleteAll, 0, context);
      return deleted;
    },
  };
}

/** Sends callbacks for invoice versions that do not exist yet, and for the end of operations that have just begun. */
function callbacksEarly(): Fault {
  return {
    name: 'callbacks early',
    lane,
    async fire(context) {
      const { run, system, links, postgres } = context;
      const { invoice, operation } = system.credentials.callback_secrets;
      const early = (kind: string, secret: string, url: string) => {
        const sender = createCallbackSender({ secret, timeout_ms: HOLD_MS });
        // A receiver that is down misses it, as it may.
        const send = (payload: object): Promise<number> =>
          sender.send({ id: `early-${kind}-${JSON.stringify(payload)}`, url, payload }).then(
            () => 1,
            () => 0,
          );
        return { send, close: () => sender.close() };
      };
      const toProcessing = early('invoice', invoice, links['transactions>processing'].url);
      const toWorker = early('operation', operation, links['transactions>worker'].url);
      let sent = 0;
      let rounds = 0;
      const sendSome = async (): Promise<boolean> => {
        await sleep(HOLD_MS / 10);
        rounds += 1;
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
        return sent >= EARLY || (sent > 0 && rounds >= ROUNDS);
      };
      try {
        await holdUntil(sendSome, 0, context);
      } finally {
        await Promise.all([toProcessing.close(), toWorker.close()]);
      }
      return sent;
    },
  };
}
