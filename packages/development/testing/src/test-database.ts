import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server that the tests share. */
    postgres_url: string;
    /** The database with every migration applied. Each test file's database is a copy of it. */
    template_database: string;
  }
}

export type TestDatabase = {
  /** A superuser's URL. */
  url: string;
  /** Ends open connections, and removes the database. */
  drop(): Promise<void>;
};

/** Postgres refuses to copy a database while another session copies it, so copies wait for each other. */
const copyLock = 8_223_417_607;

/** A fresh database for one test file, with every migration applied and no rows. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('postgres_url');
  const template = inject('template_database');
  const name = `${template}_${randomBytes(6).toString('hex')}`;
  await withServer(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [copyLock]);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  return {
    url: databaseUrl(serverUrl, name),
    drop: () =>
      withServer(serverUrl, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function withServer(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'cashback-testing' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
