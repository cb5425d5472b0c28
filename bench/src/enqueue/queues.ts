import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import { type Queue, defineQueue } from '@cashback/postgres';
import pg from 'pg';
import { PgBoss } from 'pg-boss';

export type OrderPayload = { order_id: string };

/** The real queue, and the same one with a table of its own. */
export const sharedQueue: Queue<OrderPayload> = chargeQueue;
export const partitionedQueue: Queue<OrderPayload> = defineQueue({ ...chargeQueue, name: 'charge_partitioned' });
/** Jobs without a key: nothing stands for "one waiting and one running per order". */
export const keylessQueue = 'charge_keyless';

/** Makes the queues that differ from the real one, and the table that knows only what a job needs. */
export async function createQueues(url: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    schema: CASHBACK_JOBS_SCHEMA,
    supervise: false,
    schedule: false,
    migrate: false,
  });
  await boss.start();
  await boss.createQueue(sharedQueue.name, { policy: 'stately', notify: true });
  await boss.createQueue(partitionedQueue.name, { policy: 'stately', partition: true, notify: true });
  await boss.createQueue(keylessQueue, { policy: 'standard', partition: true });
  await boss.stop({ graceful: false });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE cashback_jobs.job_lean (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      order_id text COLLATE "C" NOT NULL,
      run_at timestamptz NOT NULL DEFAULT now(),
      state smallint NOT NULL DEFAULT 0,
      attempts smallint NOT NULL DEFAULT 0,
      locked_until timestamptz
    );
    CREATE INDEX job_lean_due ON cashback_jobs.job_lean (run_at, id) WHERE state = 0`);
  await client.end();
}

/** The table that a queue's jobs are in. */
export async function tableOf(client: pg.Client, queue: string): Promise<string> {
  const { rows } = await client.query<{ table_name: string }>(
    'SELECT table_name FROM cashback_jobs.queue WHERE name = $1',
    [queue],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`there is no queue ${queue}`);
  return `cashback_jobs.${row.table_name}`;
}
