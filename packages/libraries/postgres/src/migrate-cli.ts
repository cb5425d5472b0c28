import { Command } from 'commander';
import { requireDatabaseUrl } from './env.ts';
import { asError } from './errors/errors.ts';
import { migrate } from './migrations/migrate.ts';
import type { MigrationResult } from './migrations/migrate.ts';
import { migrationsFolder } from './migrations/owners.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Brings the database at DATABASE_URL up to date: roles, tables and job queues of every owner in drizzle/. ' +
        'Repeating it changes nothing.',
    )
    .option('--stand-ins', 'also the stand-ins of outside systems (Trust), which production does not run')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nEnvironment:\n  DATABASE_URL  postgres://user:password@host:5432/database, of a login that may create schemas and roles',
    )
    .action(run);
}

if (import.meta.main) await migrateCommand().parseAsync();

async function run({ json, standIns }: { json?: true; standIns?: true }, command: Command): Promise<void> {
  const url = requireDatabaseUrl(command);
  try {
    const results = await migrate({
      url,
      folder: migrationsFolder,
      skip_stand_ins: standIns !== true,
      report: (result) => {
        if (json !== true) console.log(describe(result));
      },
    });
    if (json === true) console.log(JSON.stringify(results, null, 2));
  } catch (error) {
    console.error(`migrate: ${asError(error).message}`);
    process.exitCode = 1;
  }
}

function describe({ owner, applied, total, jobs }: MigrationResult): string {
  const migrations = total === 0 ? 'no migrations' : `${applied} of ${total} migrations applied`;
  return `${owner}: ${migrations}${jobs === null ? '' : `, jobs ${jobs.outcome} in ${jobs.schema}`}`;
}
