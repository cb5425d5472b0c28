import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkInvariants } from '@cashback/invariants';
import { type FrontDoor, openFrontDoor, openRunTables, settle } from '@cashback/scenario';
import { type System, freePortsOfAll, startSystem } from '@cashback/system';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCases } from '../src/case.ts';
import { playCase, untilRight } from '../src/play-case.ts';

/** Short, so that a case that waits for longer ends soon. An order that leaves attention is attempted at this distance. */
const ATTENTION_AFTER_MS = 1_000;
const SETTINGS = {
  processing: {
    ATTENTION_AFTER_MS: String(ATTENTION_AFTER_MS),
    RETRY_MAX_MS: '1000',
    ATTENTION_RETRY_MAX_MS: '1000',
    ATTENTION_REPORT_INTERVAL_MS: '200',
  },
};
const cases = readCases().map(([file, read]) => [file, read.name, read] as const);
const running = new AsyncDisposableStack();
let system: System;
let door: FrontDoor;

beforeAll(async () => {
  const database = await createTestDatabase();
  running.defer(() => database.drop());
  const work_folder = mkdtempSync(path.join(tmpdir(), 'cashback-cases-'));
  running.defer(() => rmSync(work_folder, { recursive: true, force: true }));
  system = running.use(
    await startSystem({
      data_folder: work_folder,
      work_folder,
      database_url: database.url,
      ports: await freePortsOfAll(),
      settings: SETTINGS,
      report: () => {},
    }),
  );
  door = openFrontDoor(system);
  running.defer(() => door.close());
});
afterAll(() => running.disposeAsync());

describe('orders of all apps, as real processes, come to the right values of the case', () => {
  test.each(cases)('%s: %s', async (file, _, played) => {
    const run = path.basename(file, '.json');
    const ids = { order_id: `${run}-order`, user_id: `${run}-user`, wallet_id: `${run}-wallet` };
    await playCase(played, { ids, door, attention_after_ms: ATTENTION_AFTER_MS });

    const tables = openRunTables(system, run);
    try {
      const left = await settle(tables, { signal: new AbortController().signal, progress: () => {} });
      expect(left).toMatchObject({ orders: 0, wallets: 0 });
      await untilRight(played.right, { ids, door });
      expect(await checkInvariants(tables, () => {})).toEqual([]);
    } finally {
      await tables.sql.end();
    }
  });
});

test('every file of the folder is played', () => {
  expect(cases.length).toBeGreaterThanOrEqual(4);
});
