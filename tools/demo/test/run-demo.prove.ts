import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDemoCommand } from './run-command.ts';

const TIMEOUT_MS = 300_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('every part as a process of its own', { timeout: TIMEOUT_MS }, () => {
  test('lines of a file that are no orders are reported, the others settle, and the exit code is 2', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'demo-trips-'));
    const file = path.join(folder, 'trips.csv');
    const lines = [
      'pickup,fare,tip,tolls,total,color,payment',
      'x,52.0,12.21,5.76,73.27,yellow,credit card',
      'x,10.0,0.0,0.0,10.0,green,credit card',
      'x,9.0,0.0,0.0,12.3,yellow,cash',
      'x,9.0,0.0,0.0,12.3,yellow,',
      'x,nine,0.0,0.0,12.3,green,cash',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { exitCode, stdout, report } = await runDemoCommand(database.url, ['--orders', file]);
    rmSync(folder, { recursive: true });
    expect(report).toMatchObject({
      orders: 3,
      settled: 3,
      violations: [],
      rejected: [
        { line: 5, column: 'payment', reason: 'missing' },
        { line: 6, column: 'fare', reason: 'expected an amount such as "100.0000", got "nine"' },
      ],
    });
    expect(stdout).toContain('line 6, fare: expected an amount');
    expect(exitCode).toBe(2);
  });
});

describe.concurrent(
  'an option that cannot work is refused before anything starts',
  { timeout: TIMEOUT_MS },
  () => {
    test.each([
      [
        'a file that is not there',
        ['--orders', '/nowhere/trips.csv'],
        'cannot read /nowhere/trips.csv: ENOENT',
      ],
      ['a count that is none', ['--count', 'many'], 'Expected a whole number from 1 to 100000'],
      ['an unknown part', ['--kill', 'boss'], 'Expected names out of trust, wallet'],
      ['an unknown option', ['--quick'], "unknown option '--quick'"],
    ])('%s', async (_name, args, message) => {
      const { exitCode, stderr } = await runDemoCommand(database.url, args);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(1);
    });

    test('a database that does not answer is named without its password', async () => {
      const { exitCode, stderr } = await runDemoCommand(
        'postgres://someone:hidden-word@127.0.0.1:9/cashback',
        [],
      );
      expect(stderr).toContain('cannot reach Postgres at 127.0.0.1:9');
      expect(stderr).toContain('DATABASE_URL');
      expect(stderr).not.toContain('hidden-word');
      expect(exitCode).toBe(1);
    });
  },
);
