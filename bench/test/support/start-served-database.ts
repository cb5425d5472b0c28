import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { type BenchServer, startServer } from '../../src/register/served/server.ts';

export interface ServedDatabase {
  database: TestDatabase;
  server: BenchServer;
  stop(): Promise<void>;
}

/** A test database with the server of the benchmarks on it. */
export async function startServedDatabase(): Promise<ServedDatabase> {
  const logs = mkdtempSync(path.join(tmpdir(), 'cashback-bench-test-'));
  const database = await createTestDatabase();
  const server = await startServer(database.url, logs);
  return {
    database,
    server,
    async stop() {
      await server.process.stop();
      await database.drop();
      rmSync(logs, { recursive: true, force: true });
    },
  };
}
