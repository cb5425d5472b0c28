import { type TestDatabase, createTestDatabase, untilEqual } from '@cashback/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDemoCommand } from './run-command.ts';

const TIMEOUT_MS = 300_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function connections(): Promise<number> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

describe('all orders settle and every invariant holds', { timeout: TIMEOUT_MS }, () => {
  test('when Trust fails a fifth of its calls, callbacks are repeated, late and out of order, and every part is killed and restarted', async () => {
    const killed = ['worker', 'server', 'transactions', 'processing', 'wallet', 'trust'];
    const { exitCode, stdout, report } = await runDemoCommand(database.url, [
      '--count',
      '60',
      '--seed',
      '14',
      '--faults',
      '--kill',
      killed.join(','),
    ]);
    expect(stdout).toContain('All settled, every invariant holds');
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ settled: 60, violations: [], killed });
  });

  test('Ctrl-C stops every process, and the data stay intact', async () => {
    const stopped = await runDemoCommand(database.url, ['--count', '60', '--seed', '15'], {
      interruptAt: 'playing orders',
    });
    expect(stopped.stderr).toContain('demo: stopped');
    expect(stopped.exitCode).toBe(1);
    // A session ends a moment after the process that had it.
    await untilEqual(connections, 0);

    const next = await runDemoCommand(database.url, ['--count', '5', '--seed', '16']);
    expect(next.report).toMatchObject({ settled: 5, violations: [] });
    expect(next.exitCode).toBe(0);
  });
});
