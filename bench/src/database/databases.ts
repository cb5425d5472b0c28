import { withClient } from './with-client.ts';

/** Names of databases are our own constants and numbers, so they need no quotes. */

export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** An empty one in place of the one of that name. Returns its URL. */
export async function recreateDatabase(serverUrl: string, name: string): Promise<string> {
  await dropDatabase(serverUrl, name);
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  return databaseUrl(serverUrl, name);
}

/** A copy of a database that nobody is connected to, in place of the one of that name. Returns its URL. */
export async function copyDatabase(serverUrl: string, template: string, name: string): Promise<string> {
  await dropDatabase(serverUrl, name);
  // The default strategy writes the copy to the log, block by block: right for small ones only.
  const strategy = (await databaseSize(serverUrl, template)) > logCopyBytes ? 'FILE_COPY' : 'WAL_LOG';
  await withClient(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY ${strategy}`),
  );
  return databaseUrl(serverUrl, name);
}

export async function databaseExists(serverUrl: string, name: string): Promise<boolean> {
  const { rowCount } = await withClient(serverUrl, (client) =>
    client.query('SELECT FROM pg_database WHERE datname = $1', [name]),
  );
  return rowCount === 1;
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const logCopyBytes = 200_000_000;

async function databaseSize(serverUrl: string, name: string): Promise<number> {
  const { rows } = await withClient(serverUrl, (client) =>
    client.query<{ bytes: string }>('SELECT pg_database_size($1) AS bytes', [name]),
  );
  return Number(rows[0]?.bytes);
}
