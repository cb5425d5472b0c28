import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, VICTIMS, openLab } from '../src/lab.ts';
import { runFailpoints } from '../src/run-failpoints.ts';

/** Some of them; `pnpm failpoints --all` visits all. */
const POINTS = 24;
const SEED = 5;
const TIMEOUT_MS = 600_000;
const databases: TestDatabase[] = [];
const labs: Lab[] = [];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cashback-failpoints-'));
  for (const number of ['1', '2']) {
    const database = await createTestDatabase();
    databases.push(database);
    const work_folder = path.join(folder, number);
    labs.push(await openLab({ database_url: database.url, work_folder, report: () => {} }));
  }
}, TIMEOUT_MS);
afterAll(async () => {
  for (const lab of labs) await lab.stop();
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'an order whose processes are killed or cut off between any two effects ends as if they had not been',
  { timeout: TIMEOUT_MS },
  async () => {
    const report = await runFailpoints({
      labs,
      seed: SEED,
      most: POINTS,
      only: '',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      say: () => {},
    });
    expect(report.failures).toEqual([]);
    // The roads saw what there is to see.
    for (const victim of VICTIMS) expect(report.effects[victim]).toBeGreaterThan(10);
    expect(report.not_reached.length).toBeLessThan(report.visited / 2);
  },
);
