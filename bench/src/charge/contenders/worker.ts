import { CASHBACK_JOBS_SCHEMA, chargeKey, chargeQueue } from '@cashback/cashback-db';
import { type Jobs, type Transaction, openDatabase, startJobs } from '@cashback/postgres';
import { startApp } from '@cashback/system/start-app';
import type { BenchOrder } from '../fill/bench-order.ts';
import type { Contender, ContenderSetup } from './contender.ts';
import { commitTimed, holdCommit } from './hold-commit.ts';
import { untilSettled } from './until-settled.ts';

const stopJobsMs = 5_000;

/** The worker as it is deployed: a process of its own with its default settings. */
export async function startWorker(setup: ContenderSetup): Promise<Contender> {
  const { database_url, transactions, callbacks, log_folder, signal } = setup;
  const worker = await startApp('worker', {
    env: {
      DATABASE_URL: database_url,
      PORT: String(callbacks.port),
      LOG_LEVEL: 'info',
      TRANSACTIONS_URL: transactions.url,
      TRANSACTIONS_TOKEN: transactions.token,
      OPERATION_CALLBACK_SECRET: callbacks.secret,
    },
    log_folder,
  });
  const queue = await openChargeQueue(database_url);
  return {
    pid: worker.pid,
    async prepare(orders) {
      const { commit } = await holdCommit(queue.database, (tx) => queue.enqueue(orders, tx));
      return {
        async begin() {
          await commit();
          await untilSettled(queue.database, signal);
        },
      };
    },
    enqueue: (order) => commitTimed(queue.database, (tx) => queue.enqueue([order], tx)),
    moreCpu: async () => 0,
    async stop() {
      await worker.stop();
      await queue.close();
    },
  };
}

export interface ChargeQueue {
  database: ReturnType<typeof openDatabase>;
  enqueue(orders: readonly BenchOrder[], tx: Transaction): Promise<void>;
  close(): Promise<void>;
}

/** Enqueues as the server does. */
export async function openChargeQueue(database_url: string): Promise<ChargeQueue> {
  const connection = {
    application_name: 'bench',
    log_error: (error: Error): void => void process.stderr.write(`${error.message}\n`),
  };
  const database = openDatabase({ ...connection, url: database_url });
  const jobs: Jobs = await startJobs({
    ...connection,
    database_url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
  });
  return {
    database,
    enqueue: (orders, tx) =>
      jobs.enqueue(
        chargeQueue,
        orders.map(({ order_id }) => ({ key: chargeKey(order_id), payload: { order_id } })),
        tx,
      ),
    async close() {
      await jobs.stop({ timeout_ms: stopJobsMs });
      await database.close();
    },
  };
}
