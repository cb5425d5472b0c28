import type { Command } from 'commander';

/** The Postgres of a command or of a test run. */
export const databaseUrl: string | undefined = process.env['DATABASE_URL'] || undefined;

/** Ends a command that cannot do without one. */
export function requireDatabaseUrl(command: Command): string {
  return (
    databaseUrl ??
    command.error('DATABASE_URL is missing: e.g. postgres://user:password@127.0.0.1:5432/cashback')
  );
}
