/** Charges orders with BullMQ: one job per order, which is delayed until the order is settled. */
import { DelayedError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { chargeOrder } from './charge-order.ts';
import { env } from './env.ts';
import { onStop, reportReady } from './process.ts';
import { CALLS_AT_ONCE, createTransactionsClient } from './transactions-client.ts';

const CONNECTIONS = 20;

const database = new Pool({ connectionString: env.databaseUrl(), max: CONNECTIONS });
const transactions = createTransactionsClient(env.transactionsUrl(), env.transactionsToken());
const redis = new Redis(env.redisUrl(), { maxRetriesPerRequest: null });
const worker = new Worker<{ order_id: string }>(
  'charge',
  async (job, token) => {
    const wait = await chargeOrder(database, transactions, job.data.order_id);
    if (wait === null) return;
    await job.moveToDelayed(Date.now() + wait, token);
    throw new DelayedError();
  },
  { connection: redis, concurrency: CALLS_AT_ONCE, removeOnComplete: { count: 0 } },
);
worker.on('failed', (_, error) => process.stderr.write(`${error.stack}\n`));
worker.on('error', (error) => process.stderr.write(`${error.stack}\n`));
await worker.waitUntilReady();
onStop(async () => {
  await worker.close();
  redis.disconnect();
  await transactions.close();
  await database.end();
});
reportReady();
