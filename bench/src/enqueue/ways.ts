import { CASHBACK_JOBS_SCHEMA } from '@cashback/cashback-db';
import { type Jobs, type Queue, type Transaction, startJobs, uuidV7 } from '@cashback/postgres';
import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import { KEYLESS_QUEUE, type OrderPayload, enqueueOnly, partitionedQueue, sharedQueue } from './queues.ts';

/** When workers are notified: with the commit, by a statement after it, or never. */
type Wakeup = 'none' | 'in transaction' | 'after commit';

export interface EnqueueWay {
  name: string;
  wakeup: Wakeup;
  enqueue(tx: Transaction, orderIds: readonly string[]): Promise<void>;
  /** Runs after the commit. */
  notify?(client: pg.PoolClient): Promise<void>;
}

export interface EnqueueWays {
  ways: EnqueueWay[];
  stop(): Promise<void>;
}

interface WaysOptions {
  url: string;
  /** The tables of the queues' jobs. */
  tables: { shared: string; partitioned: string };
  log_error: (error: Error) => void;
}

const stopMs = 5_000;

/** The candidate ways of adding the jobs of a set of orders. */
export async function createWays({ url, tables, log_error }: WaysOptions): Promise<EnqueueWays> {
  const startBoss = (notifies: boolean): Promise<Jobs> =>
    startJobs({
      database_url: url,
      jobs_schema: CASHBACK_JOBS_SCHEMA,
      queues: [sharedQueue, partitionedQueue],
      application_name: 'bench',
      log_error,
      listen: notifies,
    });
  const silent = await startBoss(false);
  const notifying = await startBoss(true);
  const keyless = new PgBoss({ connectionString: url, schema: CASHBACK_JOBS_SCHEMA, ...enqueueOnly });
  keyless.on('error', log_error);
  await keyless.start();

  const shared = through(silent, sharedQueue);
  const way = (name: string, wakeup: Wakeup, enqueue: EnqueueWay['enqueue']): EnqueueWay => ({
    name,
    wakeup,
    enqueue,
    ...(wakeup === 'after commit' && { notify }),
  });
  return {
    ways: [
      way('boss.insert', 'none', shared),
      way('boss.insert', 'in transaction', through(notifying, sharedQueue)),
      way('boss.insert', 'after commit', shared),
      way('boss.insert, partition', 'none', through(silent, partitionedQueue)),
      way('boss.insert, partition', 'in transaction', through(notifying, partitionedQueue)),
      way('boss.insert, partition, no key', 'none', withoutKey(keyless)),
      way('direct insert', 'none', direct(tables.shared, sharedQueue.name)),
      way('direct insert, partition', 'none', direct(tables.partitioned, partitionedQueue.name)),
      way('6-column table', 'none', lean),
      way('6-column table', 'in transaction', async (tx, orderIds) => {
        await lean(tx, orderIds);
        await notify(tx.client);
      }),
      way('6-column table', 'after commit', lean),
    ],
    stop: async () => {
      await keyless.stop({ graceful: false });
      await silent.stop({ timeout_ms: stopMs });
      await notifying.stop({ timeout_ms: stopMs });
    },
  };
}

/** As the server does. */
function through(jobs: Jobs, queue: Queue<OrderPayload>): EnqueueWay['enqueue'] {
  return (tx, orderIds) => {
    const charges = orderIds.map((order_id) => ({ key: order_id, payload: { order_id } }));
    return jobs.enqueue(queue, charges, tx);
  };
}

function withoutKey(boss: PgBoss): EnqueueWay['enqueue'] {
  return async ({ client }, orderIds) => {
    const jobs = orderIds.map((order_id) => ({ id: uuidV7(), data: { order_id } }));
    const db = {
      executeSql: (text: string, values: unknown[] = []) => client.query({ name: 'keyless', text, values }),
    };
    await boss.insert(KEYLESS_QUEUE, jobs, { db });
  };
}

/** The columns and values of boss.insert, without its JSON. */
function direct(table: string, queue: string): EnqueueWay['enqueue'] {
  const text = `
    INSERT INTO ${table}
      (id, name, data, priority, start_after, created_on, singleton_key, expire_seconds, deletion_seconds, keep_until,
       retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds,
       blocked, blocking, pending_dependencies)
    SELECT input.id, queue.name, input.data, 0, now(), now(), input.key,
      queue.expire_seconds, queue.deletion_seconds, now() + queue.retention_seconds * interval '1s',
      queue.retry_limit, queue.retry_delay, queue.retry_backoff, queue.retry_delay_max,
      queue.policy, queue.dead_letter, queue.heartbeat_seconds, false, false, 0
    FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS input (id, key, data)
    CROSS JOIN (SELECT * FROM ${CASHBACK_JOBS_SCHEMA}.queue WHERE name = $4) AS queue
    ON CONFLICT DO NOTHING`;
  return async ({ client }, orderIds) => {
    const keys = orderIds.toSorted();
    const data = keys.map((key) => JSON.stringify({ key, payload: { order_id: key } }));
    await client.query({
      name: `direct.${queue}`,
      text,
      values: [keys.map(() => uuidV7()), keys, data, queue],
    });
  };
}

const lean: EnqueueWay['enqueue'] = async ({ client }, orderIds) => {
  const text = `INSERT INTO ${CASHBACK_JOBS_SCHEMA}.job_lean (order_id) SELECT unnest($1::text[])`;
  await client.query({ name: 'lean', text, values: [orderIds] });
};

/** Notifies on the channel that pg-boss listens on. */
const notifyText = `SELECT pg_notify('pgboss_' || left(encode(sha224('${CASHBACK_JOBS_SCHEMA}'::bytea), 'hex'), 24),
  '${sharedQueue.name}')`;

async function notify(client: pg.PoolClient): Promise<void> {
  await client.query({ name: 'notify', text: notifyText });
}
