import { openDatabase, storableDetails } from '../src/index.ts';
import { createTestDatabase } from '@cashback/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

test('details of another party can always be stored: a row that cannot be written would be retried forever', async () => {
  const testDatabase = await createTestDatabase();
  const database = openDatabase({ url: testDatabase.url, application_name: 'postgres-test' });
  const drawn = fc.sample(
    fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ stringUnit: 'binary', noUnicodeString: false }),
    ),
    200,
  );
  const known = [
    { 'a\0key': 'a\0value' },
    { half: '\ud83d' },
    { cut: `${'x'.repeat(496)}\u{1F600}${'x'.repeat(100)}` },
    { many: Array.from({ length: 1_000 }, (_, index) => `value ${index}`) },
  ];
  for (const details of [...known, ...drawn]) {
    const stored = storableDetails(details);
    const { rows } = await database.pool.query<{ details: unknown }>('SELECT $1::jsonb AS details', [
      JSON.stringify(stored),
    ]);
    expect(rows[0]?.details).toEqual(stored);
    expect(JSON.stringify(stored).length).toBeLessThanOrEqual(4_000);
  }
  expect(storableDetails({ field: 'wallet_id', expected: 'a', received: 1 })).toEqual({
    field: 'wallet_id',
    expected: 'a',
    received: 1,
  });
  await database.close();
  await testDatabase.drop();
});
