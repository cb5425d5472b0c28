import { openDatabase } from '@cashback/postgres';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pagesOf } from '../fill/write-orders.ts';
import { openSink } from '../upstream/sink.ts';
import type { Contender, ContenderSetup } from './contender.ts';
import { startPeer } from './peer-process.ts';
import { untilSettled } from './until-settled.ts';

const jobsPerCall = 1_000;

export async function startBullmq(setup: ContenderSetup): Promise<Contender> {
  const { database_url, callbacks, redis, signal } = setup;
  if (redis === null) throw new Error('BullMQ needs a Redis');
  const sink = await openSink(callbacks.port);
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const queue = new Queue('charge', { connection });
  const peer = await startPeer('bullmq', setup);
  const database = openDatabase({ url: database_url, application_name: 'bench' });
  return {
    pid: peer.pid,
    async prepare(orders) {
      await queue.pause();
      for (const some of pagesOf(orders, jobsPerCall)) {
        await queue.addBulk(some.map(({ order_id }) => ({ name: 'charge', data: { order_id } })));
      }
      return {
        async begin() {
          await queue.resume();
          await untilSettled(database, signal);
        },
      };
    },
    async enqueue({ order_id }) {
      const committing_at = performance.now();
      await queue.add('charge', { order_id });
      return { committing_at };
    },
    moreCpu: () => redis.cpu(),
    async stop() {
      await peer.stop();
      await queue.obliterate({ force: true });
      await queue.close();
      connection.disconnect();
      await database.close();
      await sink.close();
    },
  };
}
