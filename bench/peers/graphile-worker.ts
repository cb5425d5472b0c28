/** Charges orders with graphile-worker: one job per order, which is rescheduled until the order is settled. */
import { Logger, run } from 'graphile-worker';
import { Pool } from 'pg';
import { chargeOrder } from './charge-order.ts';
import { env } from './env.ts';
import { onStop, reportReady } from './process.ts';
import { CALLS_AT_ONCE, createTransactionsClient } from './transactions-client.ts';

const CONNECTIONS = 20;
/** The interval at which the worker claims due orders. */
const POLL_INTERVAL_MS = 200;

const database = new Pool({ connectionString: env.databaseUrl(), max: CONNECTIONS });
const transactions = createTransactionsClient(env.transactionsUrl(), env.transactionsToken());
const runner = await run({
  pgPool: database,
  concurrency: CALLS_AT_ONCE,
  pollInterval: POLL_INTERVAL_MS,
  noHandleSignals: true,
  logger: new Logger(() => (level, message) => {
    if (level === 'error') process.stderr.write(`${message}\n`);
  }),
  taskList: {
    async charge(payload, { addJob }) {
      const { order_id } = payload as { order_id: string };
      const wait = await chargeOrder(database, transactions, order_id);
      if (wait !== null) await addJob('charge', { order_id }, { runAt: new Date(Date.now() + wait) });
    },
  },
});
onStop(async () => {
  await runner.stop();
  await transactions.close();
  await database.end();
});
reportReady();
