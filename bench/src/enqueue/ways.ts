import { CASHBACK_JOBS_SCHEMA } from '@cashback/cashback-db';
import { type Jobs, type Queue, type Transaction, startJobs, uuidV7 } from '@cashback/postgres';
import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import { type OrderPayload, keylessQueue, partitionedQueue, sharedQueue } from './queues.ts';

/** When the workers are told: with the commit, by a statement after it, or not at all (they poll). */
export type Wakeup = 'none' | 'in transaction' | 'after commit';

export interface EnqueueWay {
  name: string;
  wakeup: Wakeup;
  /** The table to empty between measurements. */
  queue: string | null;
  enqueue(tx: Transaction, orderIds: readonly string[]): Promise<void>;
  /** Outside the transaction, behind its commit. */
  afterCommit?(client: pg.PoolClient): Promise<void>;
}

export interface EnqueueWays {
  ways: EnqueueWay[];
  stop(): Promise<void>;
}

const stopMs = 5_000;
const channel = `'pgboss_' || left(encode(sha224('${CASHBACK_JOBS_SCHEMA}'::bytea), 'hex'), 24)`;

/** All ways of adding jobs for a set of orders that the choice is between. */
export async function createWays(url: string, tables: Record<'shared' | 'partitioned', string>): Promise<EnqueueWays> {
  const start = (listen: boolean): Promise<Jobs> =>
    startJobs({
      database_url: url,
      jobs_schema: CASHBACK_JOBS_SCHEMA,
      queues: [sharedQueue, partitionedQueue],
      application_name: 'bench-enqueue',
      log_error: (error) => process.stderr.write(`${error.message}\n`),
      listen,
    });
  const silent = await start(false);
  const notifying = await start(true);
  const keyless = new PgBoss({ connectionString: url, schema: CASHBACK_JOBS_SCHEMA, supervise: false, schedule: false, migrate: false });
  await keyless.start();

  const boss = (jobs: Jobs, queue: Queue<OrderPayload>): EnqueueWay['enqueue'] => (tx, orderIds) =>
    jobs.enqueue(queue, orderIds.map((order_id) => ({ key: order_id, payload: { order_id } })), tx);
  const shared = { queue: sharedQueue.name };
  const partitioned = { queue: partitionedQueue.name };
  const ways: EnqueueWay[] = [
    { name: 'boss.insert', ...shared, wakeup: 'none', enqueue: boss(silent, sharedQueue) },
    { name: 'boss.insert', ...shared, wakeup: 'in transaction', enqueue: boss(notifying, sharedQueue) },
    { name: 'boss.insert', ...shared, wakeup: 'after commit', enqueue: boss(silent, sharedQueue), afterCommit: notify },
    { name: 'boss.insert, partition', ...partitioned, wakeup: 'none', enqueue: boss(silent, partitionedQueue) },
    { name: 'boss.insert, partition', ...partitioned, wakeup: 'in transaction', enqueue: boss(notifying, partitionedQueue) },
    { name: 'boss.insert, partition, no key', queue: keylessQueue, wakeup: 'none', enqueue: (tx, ids) => insertKeyless(keyless, tx, ids) },
    { name: 'direct insert', ...shared, wakeup: 'none', enqueue: direct(tables.shared, sharedQueue.name) },
    { name: 'direct insert, partition', ...partitioned, wakeup: 'none', enqueue: direct(tables.partitioned, partitionedQueue.name) },
    { name: '6-column table', queue: null, wakeup: 'none', enqueue: lean },
    { name: '6-column table', queue: null, wakeup: 'in transaction', enqueue: async (tx, ids) => { await lean(tx, ids); await notify(tx.client); } },
    { name: '6-column table', queue: null, wakeup: 'after commit', enqueue: lean, afterCommit: notify },
  ];
  return {
    ways,
    stop: async () => {
      await keyless.stop({ graceful: false });
      await silent.stop({ timeout_ms: stopMs });
      await notifying.stop({ timeout_ms: stopMs });
    },
  };
}

/** The columns and values of boss.insert, without its JSON. */
function direct(table: string, queue: string): EnqueueWay['enqueue'] {
  const text = `
    INSERT INTO ${table}
      (id, name, data, priority, start_after, created_on, singleton_key, singleton_on, group_id, group_tier,
       expire_seconds, deletion_seconds, keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max,
       policy, dead_letter, heartbeat_seconds, blocked, blocking, pending_dependencies, trace_context)
    SELECT input.id, queue.name, input.data, 0, now(), now(), input.key, NULL, NULL, NULL,
      queue.expire_seconds, queue.deletion_seconds, now() + queue.retention_seconds * interval '1s',
      queue.retry_limit, queue.retry_delay, queue.retry_backoff, queue.retry_delay_max,
      queue.policy, queue.dead_letter, queue.heartbeat_seconds, false, false, 0, NULL
    FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS input (id, key, data)
    CROSS JOIN (SELECT * FROM cashback_jobs.queue WHERE name = $4) AS queue
    ON CONFLICT DO NOTHING`;
  return async (tx, orderIds) => {
    const keys = orderIds.toSorted();
    const data = keys.map((key) => JSON.stringify({ key, payload: { order_id: key } }));
    const values = [keys.map(() => uuidV7()), keys, data, queue];
    await tx.client.query({ name: `direct.${queue}`, text, values });
  };
}

async function insertKeyless(boss: PgBoss, tx: Transaction, orderIds: readonly string[]): Promise<void> {
  const jobs = orderIds.map((order_id) => ({ id: uuidV7(), data: { order_id } }));
  const db = {
    executeSql: (text: string, values?: unknown[]) => tx.client.query({ name: 'keyless', text, values: values ?? [] }),
  };
  await boss.insert(keylessQueue, jobs, { db });
}

async function lean(tx: Transaction, orderIds: readonly string[]): Promise<void> {
  const text = 'INSERT INTO cashback_jobs.job_lean (order_id) SELECT unnest($1::text[])';
  await tx.client.query({ name: 'lean', text, values: [orderIds] });
}

async function notify(client: pg.PoolClient): Promise<void> {
  await client.query({ name: 'notify', text: `SELECT pg_notify(${channel}, '${sharedQueue.name}')` });
}
