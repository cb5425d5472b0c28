import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import { type Queue, defineQueue } from '@cashback/postgres';
import type { Client } from 'pg';
import { PgBoss } from 'pg-boss';

export type OrderPayload = { order_id: string };

/** The real queue, and the same one with a table of its own. */
export const sharedQueue: Queue<OrderPayload> = chargeQueue;
export const partitionedQueue: Queue<OrderPayload> = defineQueue({
  ...chargeQueue,
  name: 'charge_partitioned',
});
/** Jobs without a key, so without the limit of one waiting and one running job per order. */
export const KEYLESS_QUEUE = 'charge_keyless';

const policy = 'stately';

/** A pg-boss that neither creates tables nor works on jobs. */
export const enqueueOnly = { migrate: false, createSchema: false, supervise: false, schedule: false };

/** Creates the queues, and beside them a table with only the columns a job needs. */
export async function createQueues(url: string, client: Client): Promise<void> {
  const boss = new PgBoss({ connectionString: url, schema: CASHBACK_JOBS_SCHEMA, ...enqueueOnly });
  await boss.start();
  await boss.createQueue(sharedQueue.name, { policy, notify: true });
  await boss.createQueue(partitionedQueue.name, { policy, notify: true, partition: true });
  await boss.createQueue(KEYLESS_QUEUE, { policy: 'standard', partition: true });
  await boss.stop({ graceful: false });
  await client.query(`
    CREATE TABLE ${CASHBACK_JOBS_SCHEMA}.job_lean (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      order_id text COLLATE "C" NOT NULL,
      run_at timestamptz NOT NULL DEFAULT now(),
      state smallint NOT NULL DEFAULT 0,
      attempts smallint NOT NULL DEFAULT 0,
      locked_until timestamptz
    );
    CREATE INDEX job_lean_due ON ${CASHBACK_JOBS_SCHEMA}.job_lean (run_at, id) WHERE state = 0`);
}

export async function emptyQueues(client: Client): Promise<void> {
  await client.query(`TRUNCATE ${CASHBACK_JOBS_SCHEMA}.job, ${CASHBACK_JOBS_SCHEMA}.job_lean`);
}

/** The table of a queue's jobs. */
export async function tableOf(client: Client, queue: Queue<OrderPayload>): Promise<string> {
  const { rows } = await client.query<{ table_name: string }>(
    `SELECT table_name FROM ${CASHBACK_JOBS_SCHEMA}.queue WHERE name = $1`,
    [queue.name],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`there is no queue ${queue.name}`);
  return `${CASHBACK_JOBS_SCHEMA}.${row.table_name}`;
}
