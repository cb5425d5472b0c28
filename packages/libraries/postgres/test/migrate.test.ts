import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { createTestDatabase, untilEqual, waitUntil } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { withServer } from '@cashback/testing/test-database';
import { migrate, openDatabase } from '../src/index.ts';
import type { Database } from '../src/index.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../src/migrate-cli.ts', import.meta.url));
/** Roles belong to the whole server, which other runs may share. */
const role = `shop_${process.pid}`;

let testDatabase: TestDatabase;
let admin: Database;
let folder: string;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  admin = openDatabase({ url: testDatabase.url, application_name: 'migrate-test' });
  folder = await mkdtemp(join(tmpdir(), 'cashback-drizzle-'));
  await writeOwner('shop', { roles: [role], jobs_schema: 'shop_jobs' }, [
    'CREATE SCHEMA shop; CREATE TABLE shop.item (id int);',
    `GRANT USAGE ON SCHEMA shop TO ${role}; GRANT SELECT ON shop.item TO ${role};`,
  ]);
  await writeOwner('later', { roles: [], jobs_schema: null }, null);
});

afterEach(async () => {
  await admin.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true });
});

afterAll(() =>
  withServer(inject('postgres_url'), async (client) => {
    await client.query(`DROP ROLE IF EXISTS ${role}`);
  }),
);

async function writeOwner(owner: string, settings: object, migrations: string[] | null): Promise<void> {
  const place = join(folder, owner);
  await mkdir(join(place, 'meta'), { recursive: true });
  await writeFile(join(place, 'owner.json'), JSON.stringify(settings));
  if (migrations === null) return;
  const entries = migrations.map((_, idx) => ({
    idx,
    version: '7',
    when: 1_000 + idx,
    tag: `${idx}`,
    breakpoints: true,
  }));
  await writeFile(
    join(place, 'meta', '_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
  for (const [index, text] of migrations.entries()) await writeFile(join(place, `${index}.sql`), text);
}

/** Everything a migration may change: relations and functions, the privileges on them, and the histories. */
async function snapshot(): Promise<unknown> {
  const { rows } = await admin.pool.query(`
    SELECT oid::regclass::text AS name, relacl::text AS acl FROM pg_class
      WHERE relnamespace::regnamespace::text IN ('shop', 'shop_jobs', 'drizzle')
    UNION ALL SELECT oid::regprocedure::text, proacl::text FROM pg_proc WHERE pronamespace::regnamespace::text = 'shop_jobs'
    UNION ALL SELECT nspname, nspacl::text FROM pg_namespace
    UNION ALL SELECT 'default', defaclacl::text FROM pg_default_acl
    UNION ALL SELECT hash, created_at::text FROM drizzle.shop_migrations
    ORDER BY name, acl`);
  return rows;
}

test('applies what is missing, reports it owner by owner, and changes nothing when repeated', async () => {
  const reported: string[] = [];
  const first = await migrate({ url: testDatabase.url, folder, report: ({ owner }) => reported.push(owner) });
  expect(first).toEqual([
    { owner: 'later', applied: 0, total: 0, jobs: null },
    { owner: 'shop', applied: 2, total: 2, jobs: { schema: 'shop_jobs', outcome: 'installed' } },
  ]);
  expect(reported).toEqual(['later', 'shop']);
  const before = await snapshot();
  const second = await migrate({ url: testDatabase.url, folder });
  expect(second[1]).toEqual({
    owner: 'shop',
    applied: 0,
    total: 2,
    jobs: { schema: 'shop_jobs', outcome: 'unchanged' },
  });
  expect(await snapshot()).toEqual(before);
});

test('the schema of a stand-in is made only where stand-ins are not skipped', async () => {
  const migrations = ['CREATE SCHEMA outside'];
  await writeOwner('outside', { roles: [], jobs_schema: null, stand_in: true }, migrations);
  const production = await migrate({ url: testDatabase.url, folder, skip_stand_ins: true });
  expect(production.map(({ owner }) => owner)).toEqual(['later', 'shop']);
  const trial = await migrate({ url: testDatabase.url, folder });
  expect(trial).toContainEqual({ owner: 'outside', applied: 1, total: 1, jobs: null });
});

test('runs at the same time apply each migration once', async () => {
  const results = await Promise.all(
    Array.from({ length: 4 }, () => migrate({ url: testDatabase.url, folder })),
  );
  const applied = results.map((result) => result.find(({ owner }) => owner === 'shop')?.applied);
  expect(applied.toSorted()).toEqual([0, 0, 0, 2]);
});

test('runs at the same time on two databases of one server share its roles', async () => {
  const other = await createTestDatabase();
  await admin.pool.query(`DROP ROLE IF EXISTS ${role}`);
  const runs = await Promise.all([testDatabase, other].map(({ url }) => migrate({ url, folder })));
  expect(runs.map((results) => results.find(({ owner }) => owner === 'shop')?.applied)).toEqual([2, 2]);
  await other.drop();
});

test('works for a login that is no superuser, and lets it take on the roles', async () => {
  const login = `shop_admin_${process.pid}`;
  const { rows } = await admin.pool.query<{ name: string }>('SELECT current_database() AS name');
  await admin.pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'secret' CREATEROLE`);
  await admin.pool.query(`GRANT CREATE ON DATABASE ${rows[0]?.name} TO ${login}`);
  await admin.pool.query(`DROP SCHEMA IF EXISTS drizzle CASCADE; DROP ROLE IF EXISTS ${role}`);
  const url = new URL(testDatabase.url);
  url.username = login;
  url.password = 'secret';
  await migrate({ url: url.href, folder });
  await migrate({ url: url.href, folder });
  const app = openDatabase({ url: url.href, role, application_name: 'shop' });
  expect((await app.pool.query('SELECT current_user')).rows).toEqual([{ current_user: role }]);
  expect((await app.pool.query('SELECT * FROM shop.item')).rows).toEqual([]);
  await expect(app.pool.query('INSERT INTO shop.item VALUES (1)')).rejects.toThrow('permission denied');
  await app.close();
  await admin.pool.query(`DROP OWNED BY ${login} CASCADE; DROP ROLE ${role}; DROP ROLE ${login}`);
});

test('a migration that fails leaves nothing of its own, those before it stay, and the next run goes on there', async () => {
  const settings = { roles: [role], jobs_schema: null };
  const first = 'CREATE SCHEMA shop; CREATE TABLE shop.item (id int);';
  await writeOwner('shop', settings, [first, 'CREATE TABLE shop.more (id int); SELECT 1 / 0;']);
  await expect(migrate({ url: testDatabase.url, folder })).rejects.toThrow(
    /the migrations of shop in .* were not applied: division by zero/,
  );
  const tables = `SELECT to_regclass('shop.item') AS item, to_regclass('shop.more') AS more`;
  expect((await admin.pool.query(tables)).rows).toEqual([{ item: 'shop.item', more: null }]);
  await writeOwner('shop', settings, [first, 'CREATE TABLE shop.more (id int);']);
  expect(await migrate({ url: testDatabase.url, folder })).toContainEqual({
    owner: 'shop',
    applied: 1,
    total: 2,
    jobs: null,
  });
  expect((await admin.pool.query(tables)).rows).toEqual([{ item: 'shop.item', more: 'shop.more' }]);
});

describe('beside a release that runs', () => {
  const settings = { roles: [], jobs_schema: null };
  const tables = 'CREATE SCHEMA shop; CREATE TABLE shop.item (id int); CREATE TABLE shop.basket (id int);';
  const addColumns = [
    'ALTER TABLE shop.basket ADD COLUMN note text;--> statement-breakpoint\nALTER TABLE shop.item ADD COLUMN note text;',
  ];
  const isWaiting = async (table: string): Promise<boolean> => {
    const waits = `SELECT FROM pg_locks WHERE relation = $1::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`;
    return (await admin.pool.query(waits, [table])).rowCount === 1;
  };
  const columns = async (): Promise<unknown> =>
    (
      await admin.pool.query(
        `SELECT attrelid::regclass::text AS name FROM pg_attribute
         WHERE attrelid::regclass::text IN ('shop.item', 'shop.basket') AND attname = 'note' ORDER BY name`,
      )
    ).rows.map(({ name }) => name);

  beforeEach(async () => {
    await writeOwner('shop', settings, [tables]);
    await migrate({ url: testDatabase.url, folder });
    await writeOwner('shop', settings, [tables, ...addColumns]);
  });

  test('a migration of two tables and a transaction that uses them the other way round both succeed', async () => {
    const live = await admin.pool.connect();
    await live.query('BEGIN; INSERT INTO shop.item VALUES (1)');
    const migrating = migrate({ url: testDatabase.url, folder });
    await waitUntil('the migration has the one table, and waits for the other', () => isWaiting('shop.item'));
    // It waits for the migration, which waits for it: one of the two must give way.
    await live.query('INSERT INTO shop.basket VALUES (1)');
    expect(await columns()).toEqual([]);
    await live.query('COMMIT');
    live.release();
    expect(await migrating).toContainEqual({ owner: 'shop', applied: 1, total: 2, jobs: null });
    expect(await columns()).toEqual(['shop.basket', 'shop.item']);
  });

  test('a migration that waits for a long transaction lets the others pass, and fails in the end with the reason', async () => {
    const long = await admin.pool.connect();
    await long.query('BEGIN; INSERT INTO shop.item VALUES (1)');
    const table_locks = { wait_ms: 300, attempts: 4, pause_ms: 300 };
    const migrating = expect(migrate({ url: testDatabase.url, folder, table_locks })).rejects.toThrow(
      /locked by another transaction each of 4 times: .*pg_stat_activity/,
    );
    // Behind the one that waits on both tables, until it gives up.
    for (const table of ['item', 'basket']) await admin.pool.query(`INSERT INTO shop.${table} VALUES (2)`);
    await migrating;
    expect(await columns()).toEqual([]);
    await long.query('COMMIT');
    long.release();
    expect(await migrate({ url: testDatabase.url, folder })).toContainEqual({
      owner: 'shop',
      applied: 1,
      total: 2,
      jobs: null,
    });
  });

  test('migrations of a table each never lock two tables together', async () => {
    const [first, second] = ['basket', 'item'].map(
      (name) => `ALTER TABLE shop.${name} ADD COLUMN note text;`,
    );
    await writeOwner('shop', settings, [tables, first ?? '', second ?? '']);
    const live = await admin.pool.connect();
    await live.query('BEGIN; INSERT INTO shop.item VALUES (1)');
    const migrating = migrate({ url: testDatabase.url, folder });
    await untilEqual(columns, ['shop.basket']);
    await live.query('INSERT INTO shop.basket VALUES (1)');
    await live.query('COMMIT');
    live.release();
    expect(await migrating).toContainEqual({ owner: 'shop', applied: 2, total: 3, jobs: null });
  });
});

test('an index is built beside a transaction that writes, and the next migrations follow it', async () => {
  const settings = { roles: [], jobs_schema: null };
  const table = 'CREATE SCHEMA shop; CREATE TABLE shop.item (id int);';
  await writeOwner('shop', settings, [table]);
  await migrate({ url: testDatabase.url, folder });
  const writer = await admin.pool.connect();
  await writer.query('BEGIN; INSERT INTO shop.item VALUES (1)');
  await writeOwner('shop', settings, [
    table,
    'CREATE INDEX CONCURRENTLY "item_id" ON "shop"."item" USING btree ("id");',
    'CREATE TABLE shop.more (id int);',
  ]);
  const migrating = migrate({ url: testDatabase.url, folder });
  // It waits for the writer's end, and writers do not wait for it: a plain build would block this one.
  const waits =
    "SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock' AND datname = current_database()";
  await waitUntil(
    'the build waits for the writer',
    async () => (await admin.pool.query(waits)).rowCount === 1,
  );
  await admin.pool.query('SET lock_timeout = 1000; INSERT INTO shop.item VALUES (2)');
  await writer.query('COMMIT');
  writer.release();
  expect(await migrating).toContainEqual({ owner: 'shop', applied: 2, total: 3, jobs: null });
  expect(await indexes()).toEqual([['item_id', true]]);
});

test('an index whose build was cut short is built again, and the migrations before it stay', async () => {
  const settings = { roles: [], jobs_schema: null };
  const migrations = [
    'CREATE SCHEMA shop; CREATE TABLE shop.item (id int); INSERT INTO shop.item VALUES (1), (1);',
    'CREATE UNIQUE INDEX CONCURRENTLY "item_id" ON "shop"."item" USING btree ("id");',
  ];
  await writeOwner('shop', settings, migrations);
  await expect(migrate({ url: testDatabase.url, folder })).rejects.toThrow('could not create unique index');
  expect(await indexes()).toEqual([['item_id', false]]);
  await admin.pool.query('TRUNCATE shop.item');
  expect(await migrate({ url: testDatabase.url, folder })).toContainEqual({
    owner: 'shop',
    applied: 1,
    total: 2,
    jobs: null,
  });
  expect(await indexes()).toEqual([['item_id', true]]);
});

test('an index of a migration that was built by hand before is left as it is', async () => {
  const settings = { roles: [], jobs_schema: null };
  const table = 'CREATE SCHEMA shop; CREATE TABLE shop.item (id int);';
  await writeOwner('shop', settings, [table]);
  await migrate({ url: testDatabase.url, folder });
  await admin.pool.query('CREATE INDEX CONCURRENTLY item_id ON shop.item (id)');
  await writeOwner('shop', settings, [table, 'CREATE INDEX "item_id" ON "shop"."item" USING btree ("id");']);
  const results = await migrate({ url: testDatabase.url, folder });
  expect(results).toContainEqual({ owner: 'shop', applied: 1, total: 2, jobs: null });
});

test('a migration of concurrent indexes that has other statements is refused', async () => {
  await writeOwner('shop', { roles: [], jobs_schema: null }, [
    'CREATE SCHEMA shop; CREATE TABLE shop.item (id int);',
    'CREATE INDEX CONCURRENTLY "item_id" ON "shop"."item" ("id");--> statement-breakpoint\nSELECT 1;',
  ]);
  await expect(migrate({ url: testDatabase.url, folder })).rejects.toThrow('has another statement');
});

/** Of the test's table, and whether each is complete. */
async function indexes(): Promise<[string, boolean][]> {
  const { rows } = await admin.pool.query<{ name: string; valid: boolean }>(
    "SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'shop.item'::regclass",
  );
  return rows.map(({ name, valid }) => [name.replace('shop.', ''), valid]);
}

test('refuses migrations that were edited or put in front after they ran, which would be passed over', async () => {
  const sql = ['CREATE SCHEMA shop;', 'CREATE TABLE shop.item (id int);'];
  const settings = { roles: [], jobs_schema: null };
  await writeOwner('shop', settings, sql);
  await migrate({ url: testDatabase.url, folder });
  await writeOwner('shop', settings, ['CREATE SCHEMA shop_renamed;', ...sql.slice(1)]);
  await expect(migrate({ url: testDatabase.url, folder })).rejects.toMatchObject({
    message: expect.stringMatching(/shop do not continue.*number 1.*append-only/s),
    expected: true,
  });
  await writeOwner('shop', settings, [...sql, 'CREATE TABLE shop.more (id int);']);
  const results = await migrate({ url: testDatabase.url, folder });
  expect(results.find(({ owner }) => owner === 'shop')).toMatchObject({ applied: 1, total: 3 });
});

test('says what is wrong with an owner.json', async () => {
  await writeOwner('shop', { roles: ['Not-Plain'] }, null);
  await expect(migrate({ url: testDatabase.url, folder })).rejects.toThrow(
    /owner\.json: expected .*at jobs_schema.*lower-case name.*at roles\[0\]/s,
  );
});

test('the command prints a line per owner or JSON, and says what it needs', async () => {
  const env = { PATH: process.env['PATH'], DATABASE_URL: testDatabase.url };
  const { stdout: json } = await run(process.execPath, [cli, '--json'], { env });
  const owners = JSON.parse(json) as { owner: string }[];
  const { stdout: lines } = await run(process.execPath, [cli], { env });
  expect(lines.trim().split('\n').filter(Boolean)).toHaveLength(owners.length);
  expect((await run(process.execPath, [cli, '--help'])).stdout).toContain('DATABASE_URL');
  await expect(run(process.execPath, [cli], { env: { PATH: env.PATH } })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^DATABASE_URL is missing: e\.g\. postgres:/),
  });
});
