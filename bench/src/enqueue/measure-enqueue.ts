import { randomBytes } from 'node:crypto';
import { type Database, openDatabase, withTransaction } from '@cashback/postgres';
import type { PostgresCpu } from '../database/postgres-cpu.ts';
import type { EnqueueWay } from './ways.ts';

export interface EnqueueSample {
  jobs_per_second: number;
  /** `null`: the server's processes are not on this machine. */
  postgres_us_per_job: number | null;
  client_us_per_job: number;
}

const idBytes = 16;

/** Transactions of `size` jobs on so many connections for so long; nothing else is in them. */
export async function measureEnqueue(
  way: EnqueueWay,
  options: { url: string; size: number; connections: number; seconds: number; cpu: PostgresCpu | null },
): Promise<EnqueueSample> {
  const { size, connections, seconds, cpu } = options;
  const database = openDatabase({ url: options.url, application_name: 'bench', max_connections: connections });
  try {
    const write = (): Promise<void> => writeOnce(database, way, freshIds(size));
    // Connections and plans are made before the clock starts.
    for (let i = 0; i < 6; i++) await Promise.all(Array.from({ length: connections }, write));
    const before = { cpu: cpu?.(), client: process.cpuUsage(), at: performance.now() };
    const end = before.at + seconds * 1000;
    let jobs = 0;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (performance.now() < end) {
          await write();
          jobs += size;
        }
      }),
    );
    const elapsed = (performance.now() - before.at) / 1000;
    const { user, system } = process.cpuUsage(before.client);
    return {
      jobs_per_second: jobs / elapsed,
      postgres_us_per_job: cpu && before.cpu !== undefined ? (cpu() - before.cpu) / jobs : null,
      client_us_per_job: (user + system) / jobs,
    };
  } finally {
    await database.close();
  }
}

async function writeOnce(database: Database, way: EnqueueWay, orderIds: readonly string[]): Promise<void> {
  await withTransaction(database, (tx) => way.enqueue(tx, orderIds));
  if (way.afterCommit === undefined) return;
  const client = await database.pool.connect();
  try {
    await way.afterCommit(client);
  } finally {
    client.release();
  }
}

function freshIds(count: number): string[] {
  return Array.from({ length: count }, () => randomBytes(idBytes).toString('hex'));
}
