import { withClient } from './with-client.ts';

/** The version and the settings that the figures depend on. */
export type PostgresDescription = Record<string, string>;

const shown = [
  'server_version',
  'synchronous_commit',
  'fsync',
  'full_page_writes',
  'wal_compression',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'autovacuum',
  'io_method',
];
const durable = ['synchronous_commit', 'fsync', 'full_page_writes'];

/** Throws when the server does not make commits durable, because its figures would mean nothing. */
export async function describePostgres(url: string): Promise<PostgresDescription> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ name: string; value: string }>(
      `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) WITH ORDINALITY AS shown (name, place)
       JOIN pg_settings USING (name) ORDER BY place`,
      [shown],
    ),
  );
  const settings = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  for (const name of durable) {
    if (settings[name] !== 'on') {
      throw new Error(
        `the Postgres to measure on has ${name} = ${settings[name]}: a commit there is not durable. Set it to on.`,
      );
    }
  }
  return settings;
}
