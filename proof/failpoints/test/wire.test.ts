import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { type TestHttpServer, startHttpServer } from '@cashback/testing/http-server';
import { type Failpoint, type Failpoints, type Fate, createFailpoints } from '../src/wire/failpoints.ts';
import { watchHttp } from '../src/wire/watch-http.ts';
import { watchPostgres } from '../src/wire/watch-postgres.ts';

let failpoints: Failpoints;
let proxy: AsyncDisposable & { url: string };
beforeEach(() => {
  failpoints = createFailpoints();
});
afterEach(() => proxy[Symbol.asyncDispose]());

const INSERT = { name: 'add', text: 'INSERT INTO notes SELECT $1::integer', values: [1] };

describe('the proxy before Postgres', () => {
  let database: TestDatabase;
  let owner: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await connected(database.url);
    await owner.query('CREATE TABLE notes (note integer)');
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });
  beforeEach(async () => {
    await owner.query('TRUNCATE notes');
    proxy = await watchPostgres(failpoints, { from: 'app', to: database.url });
  });

  async function connected(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    return client;
  }
  const noted = async () => (await owner.query('SELECT FROM notes')).rowCount;
  const set = (failpoint: Omit<Failpoint, 'by' | 'nth'>) =>
    failpoints.set({ by: 'app', nth: 1, ...failpoint });

  test('names every statement, and a COMMIT by the last one that changed something', async () => {
    const ended = failpoints.listen();
    const client = await connected(proxy.url);
    for (let round = 0; round < 2; round += 1) {
      await client.query('BEGIN');
      await client.query(INSERT);
      await client.query('SELECT count(*)   FROM notes');
      await client.query('UPDATE notes SET note = 2 WHERE false');
      await client.query('COMMIT');
    }
    await client.query('BEGIN');
    await client.query('COMMIT');
    await client.end();
    const transaction = [
      ['BEGIN', false],
      ['add', true],
      ['SELECT count(*) FROM notes', false],
      ['UPDATE notes SET note = 2 WHERE false', false],
      ['COMMIT of add', true],
    ];
    expect(ended().map(({ name, changes }) => [name, changes])).toEqual([
      ...transaction,
      ...transaction,
      ['BEGIN', false],
      ['COMMIT of nothing', false],
    ]);
  });

  test('cuts a connection off before a COMMIT, which then has no effect', async () => {
    const failpoint = set({ name: 'COMMIT of add', when: 'before', act: () => 'reset' });
    const client = await connected(proxy.url);
    await client.query('BEGIN');
    await client.query(INSERT);
    await expect(client.query('COMMIT')).rejects.toThrow(/terminated|ECONNRESET/);
    expect(failpoint.wasReached()).toBe(true);
    expect(await noted()).toBe(0);
  });

  test('cuts it off after the COMMIT, which took effect', async () => {
    set({ name: 'COMMIT of add', when: 'after', act: () => 'reset' });
    const client = await connected(proxy.url);
    await client.query('BEGIN');
    await client.query(INSERT);
    await expect(client.query('COMMIT')).rejects.toThrow(/terminated|ECONNRESET/);
    expect(await noted()).toBe(1);
  });

  test('holds the nth statement of a name until it is released, and no other', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const failpoint = failpoints.set({
      by: 'app',
      name: 'add',
      nth: 2,
      when: 'before',
      async act(): Promise<Fate> {
        await promise;
        return 'go_on';
      },
    });
    const client = await connected(proxy.url);
    await client.query(INSERT);
    const held = client.query(INSERT);
    await failpoint.reached;
    expect(await noted()).toBe(1);
    resolve();
    await held;
    await client.query(INSERT);
    expect(await noted()).toBe(3);
    await client.end();
  });

  test('passes answers larger than a chunk, and errors, unchanged', async () => {
    const client = await connected(proxy.url);
    const long = 'x'.repeat(300_000);
    const { rows } = await client.query('SELECT $1::text AS long, generate_series(1, 3)', [long]);
    expect(rows.map((row) => row.long)).toEqual([long, long, long]);
    await expect(client.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect((await client.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
    await client.end();
  });
});

describe('the proxy before an API', () => {
  const served: string[] = [];
  let api: TestHttpServer;
  beforeAll(async () => {
    api = await startHttpServer((request, response) => {
      served.push(`${request.method} ${request.url}`);
      response.end('{}');
    });
  });
  afterAll(() => api?.stop());
  beforeEach(async () => {
    served.length = 0;
    proxy = await watchHttp(failpoints, { from: 'caller', at: 'api', to: api.url });
  });
  const call = () => fetch(`${proxy.url}/things/thing-17?page=2`, { method: 'POST', body: '{}' });

  test('a request is an effect of the caller, its answer one of the service, and names leave ids out', async () => {
    const ended = failpoints.listen();
    await (await call()).text();
    expect(ended().map(({ by, name }) => `${by}: ${name}`)).toEqual([
      'caller: POST /things/:id',
      'api: answer to POST /things/:id',
    ]);
    expect(served).toEqual(['POST /things/thing-17?page=2']);
  });

  test.each([
    ['caller', 'POST /things/:id', 'before', 0],
    ['caller', 'POST /things/:id', 'after', 1],
    ['api', 'answer to POST /things/:id', 'before', 1],
  ] as const)(
    'cut off at the %s, %s, %s it takes effect: the request is applied %i times',
    async (by, name, when, times) => {
      failpoints.set({ by, name, nth: 1, when, act: () => 'reset' });
      await expect(call()).rejects.toThrow('fetch failed');
      expect(served).toHaveLength(times);
      expect((await call()).status).toBe(200);
    },
  );

  test('of two failpoints at one place both are entered, and the one that resets decides', async () => {
    const where = { by: 'caller', name: 'POST /things/:id', nth: 1, when: 'before' } as const;
    const cutting = failpoints.set({ ...where, act: () => 'reset' });
    const watching = failpoints.set({ ...where, act: () => 'go_on' });
    await expect(call()).rejects.toThrow('fetch failed');
    expect([cutting.wasReached(), watching.wasReached()]).toEqual([true, true]);
    expect(served).toEqual([]);
  });

  test('after an answer the caller has it', async () => {
    const failpoint = failpoints.set({
      by: 'api',
      name: 'answer to POST /things/:id',
      nth: 1,
      when: 'after',
      act: () => 'reset',
    });
    expect((await call()).status).toBe(200);
    await failpoint.reached;
  });
});
