import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { takeBaseBackup } from '../src/base-backup.ts';
import { startKillablePostgres } from '../src/killable-postgres.ts';
import { restoreSchemas } from '../src/restore-schemas.ts';

test('a schema is put back to the moment of a base backup that was taken under load, and the others stay', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-restore-'));
  try {
    await using postgres = await startKillablePostgres(path.join(folder, 'postgres'));
    const rows = async (schema: string) => postgres.query(`SELECT * FROM ${schema}.kept ORDER BY id`);
    for (const schema of ['one', 'other']) {
      await postgres.query(`CREATE SCHEMA ${schema}`);
      await postgres.query(`CREATE TABLE ${schema}.settings AS SELECT 0 AS faults`);
      await postgres.query(
        `CREATE TABLE ${schema}.kept (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric(16, 4),
           moment timestamptz DEFAULT now(), doubled numeric GENERATED ALWAYS AS (amount * 2) STORED)`,
      );
      await postgres.query(`INSERT INTO ${schema}.kept (amount) VALUES (12345678901.0001), (NULL)`);
    }
    const before = await rows('one');
    const stopping = new AbortController();
    const load = (async () => {
      while (!stopping.signal.aborted) await postgres.query('INSERT INTO other.kept (amount) VALUES (1)');
    })();
    const backup = await takeBaseBackup(postgres.url(), 'backup');
    stopping.abort();
    await load;
    await postgres.query('UPDATE one.kept SET amount = 2');
    await postgres.query('INSERT INTO one.kept (amount) VALUES (3)');
    await postgres.query('UPDATE one.settings SET faults = 1');
    const others = await rows('other');

    await restoreSchemas(postgres.url(), backup, ['one'], { but: ['one.settings'] });
    expect(await postgres.query('SELECT faults FROM one.settings')).toEqual([{ faults: 1 }]);
    expect(await rows('one')).toEqual(before);
    expect(await rows('other')).toEqual(others);
    const [next] = await postgres.query<{ id: number }>(
      'INSERT INTO one.kept (amount) VALUES (3) RETURNING id',
    );
    expect(next?.id).toBe(3);
    backup.remove();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
