import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Testbed, VICTIMS, startTestbed } from '../src/testbed.ts';
import { runFailpoints } from '../src/run-failpoints.ts';

/** `pnpm failpoints --all` visits all of them. */
const POINTS = 16;
const SEED = 5;
const TIMEOUT_MS = 600_000;
const databases: TestDatabase[] = [];
const testbeds: Testbed[] = [];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cashback-failpoints-'));
  for (const number of ['1', '2']) {
    const database = await createTestDatabase();
    databases.push(database);
    const work_folder = path.join(folder, number);
    testbeds.push(await startTestbed({ database_url: database.url, work_folder, report: () => {} }));
  }
}, TIMEOUT_MS);
afterAll(async () => {
  for (const testbed of testbeds) await testbed[Symbol.asyncDispose]();
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'an order whose processes are killed or cut off between any two effects ends as if they had not been',
  { timeout: TIMEOUT_MS },
  async () => {
    const report = await runFailpoints({
      testbeds,
      seed: SEED,
      max_points: POINTS,
      only: '',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      say: () => {},
    });
    expect(report.failures).toEqual([]);
    // The proxies saw the effects of every process.
    for (const victim of VICTIMS) expect(report.effects[victim]).toBeGreaterThan(10);
    expect(report.not_reached.length).toBeLessThan(report.visited / 2);
  },
);
