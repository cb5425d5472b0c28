import { openDatabase, withTransaction } from '@cashback/postgres';
import type { Database } from '@cashback/postgres';
import type { PostgresCpu } from '../database/postgres-cpu.ts';
import { createIds } from '../register/order-ids.ts';
import type { EnqueueWay } from './ways.ts';

export interface EnqueueMeasurement {
  jobs_per_second: number;
  /** CPU microseconds per job; `null` when the server's processes are not visible from here. */
  postgres_us: number | null;
  client_us: number;
}

interface MeasureOptions {
  url: string;
  /** Jobs in one transaction. */
  size: number;
  connections: number;
  seconds: number;
  postgres: PostgresCpu | null;
}

/** Enough that every connection has planned its statements. */
const warmUpTransactions = 6;

/** Runs transactions that only add jobs, one after another on each connection. */
export async function measureEnqueue(way: EnqueueWay, options: MeasureOptions): Promise<EnqueueMeasurement> {
  const { url, size, connections, seconds, postgres } = options;
  const database = openDatabase({ url, application_name: 'bench', max_connections: connections });
  const nextId = createIds('random');
  const onEach = (work: () => Promise<void>): Promise<unknown> =>
    Promise.all(Array.from({ length: connections }, work));
  const write = (): Promise<void> => writeOnce(database, way, Array.from({ length: size }, nextId));
  try {
    await onEach(async () => {
      for (let count = 0; count < warmUpTransactions; count++) await write();
    });
    const before = { postgres: postgres?.() ?? null, client: process.cpuUsage(), at: performance.now() };
    const end = before.at + seconds * 1000;
    let jobs = 0;
    await onEach(async () => {
      while (performance.now() < end) {
        await write();
        jobs += size;
      }
    });
    const elapsedSeconds = (performance.now() - before.at) / 1000;
    const client = process.cpuUsage(before.client);
    return {
      jobs_per_second: jobs / elapsedSeconds,
      postgres_us:
        postgres === null || before.postgres === null ? null : (postgres() - before.postgres) / jobs,
      client_us: (client.user + client.system) / jobs,
    };
  } finally {
    await database.close();
  }
}

async function writeOnce(database: Database, way: EnqueueWay, orderIds: readonly string[]): Promise<void> {
  await withTransaction(database, (tx) => way.enqueue(tx, orderIds));
  if (way.notify === undefined) return;
  const client = await database.pool.connect();
  try {
    await way.notify(client);
  } finally {
    client.release();
  }
}
