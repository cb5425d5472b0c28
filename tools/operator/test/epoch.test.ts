import { type Database, openDatabase } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCommand } from './support/run-command.ts';

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM cashback.feed_cursors');
});

function epoch(...options: string[]) {
  return runCommand('epoch', options, { DATABASE_URL: testDatabase.url });
}

async function epochs(schema: string): Promise<number[]> {
  const { rows } = await database.pool.query<{ epoch: number }>(
    `SELECT epoch FROM ${schema}.feed_epochs ORDER BY epoch`,
  );
  return rows.map((row) => row.epoch);
}

async function observeSince(): Promise<string | null> {
  const { rows } = await database.pool.query<{ observe_since: Date | null }>(
    'SELECT observe_since FROM cashback.feed_cursors',
  );
  return rows[0]?.observe_since?.toISOString() ?? null;
}

test.each([
  ['transactions', 'transactions', 'cashback'],
  ['server', 'cashback', 'transactions'],
])(
  'a restored %s gets a new epoch, and the other side none; orders that changed since are observed',
  async (side, schema, other) => {
    const [before, others] = [await epochs(schema), await epochs(other)];
    const { code, out } = await epoch(side, '--restored-to', '2026-03-01T00:00:00Z', '--yes', '--json');
    const after = await epochs(schema);
    expect(after.length).toBe(before.length + 1);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { side, from: before.at(-1), to: after.at(-1), observe_since: '2026-02-28T23:50:00.000Z' },
    ]);
    expect(await epochs(other)).toEqual(others);
    expect(await observeSince()).toBe('2026-02-28T23:50:00.000Z');
  },
);

test('without the moment of the backup the worker chooses how far it goes back', async () => {
  const { code, out, error } = await epoch('transactions', '--yes');
  expect(error).toBe('');
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^transactions: epoch \d+ -> \d+\n.*RESTORE_WINDOW_MS/s),
  ]);
  expect(await observeSince()).toBeNull();
});

test.each([
  [['transactions'], 'nothing was changed; add --yes'],
  [['wallet', '--yes'], 'Allowed choices are transactions, server'],
  [['server', '--yes', '--restored-to', '2999-01-01'], 'expected a time in the past'],
  [['server', '--yes', '--restored-to', 'yesterday'], 'expected a time such as'],
])('epoch %j changes nothing', async (options, message) => {
  const before = [await epochs('transactions'), await epochs('cashback')];
  const { code, error } = await epoch(...options);
  expect([code, error]).toEqual([1, expect.stringContaining(message)]);
  expect([await epochs('transactions'), await epochs('cashback')]).toEqual(before);
});
