import { openDatabase, withTransaction } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BalanceRow, insertedBalance, updatedBalance } from '../src/db/rules.ts';
import { insertBalance, updateBalance } from '../src/db/write-balance.ts';
import { decideAdoption } from '../src/decide-adoption.ts';

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: ReturnType<typeof openDatabase>;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'wallet-test' });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const CHECK_INTERVAL_MS = 3_600_000;
const report = fc.record({
  epoch: fc.integer({ min: 1, max: 3 }),
  sequence: fc.integer({ min: 1, max: 6 }),
  cents: fc.integer({ min: -999, max: 999 }),
});

test('insertBalance and updateBalance do what their rules say', async () => {
  let wallets = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(report, { minLength: 1, maxLength: 6 }), async (reports) => {
      wallets += 1;
      const wallet_id = `wallet-${wallets}`;
      let expected: BalanceRow | null = null;
      for (const { cents, ...position } of reports) {
        const adopted = decideAdoption(expected, {
          wallet_id,
          user_id: 'user-1',
          currency: 'EUR',
          balance: (cents / 100).toFixed(4),
          occurred_at: '2026-01-01T00:00:00.000Z',
          ...position,
        });
        if (adopted === null) continue;
        const now = await withTransaction(database, async ({ client, drizzle }) => {
          if (expected === null) await insertBalance(drizzle, adopted, CHECK_INTERVAL_MS);
          else await updateBalance(drizzle, adopted);
          const { rows } = await client.query<{ now: Date }>('SELECT now()::timestamptz(3) AS now');
          return rows[0]?.now.getTime() ?? 0;
        });
        expected =
          expected === null
            ? insertedBalance(adopted, CHECK_INTERVAL_MS, now)
            : updatedBalance(expected, adopted);
        const { rows } = await database.pool.query(
          `SELECT wallet_id, user_id, currency, balance, epoch::integer AS epoch, sequence::integer AS sequence,
             updated_at, (extract(epoch FROM check_at) * 1000)::float8 AS check_at
           FROM wallet.balances WHERE wallet_id = $1`,
          [wallet_id],
        );
        expect(rows).toEqual([expected]);
      }
    }),
    { numRuns: 15 },
  );
});
