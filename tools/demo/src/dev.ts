import path from 'node:path';
import { Command } from 'commander';
import { databaseUrl } from '@cashback/postgres/env';
import { describeSystem, DEV_PORTS, root, startSystem, systemAsJson, waitForStop } from '@cashback/system';

export function devCommand(): Command {
  return new Command('dev')
    .description('Run every part on fixed ports until Ctrl-C, for a developer to call')
    .option('--json', 'print the URLs and tokens as JSON')
    .addHelpText(
      'after',
      '\nUses the Postgres of DATABASE_URL (a login that may create roles); without it an embedded one.',
    )
    .action(run);
}

if (import.meta.main) await devCommand().parseAsync();

async function run({ json }: { json?: true }): Promise<void> {
  using stop = waitForStop();
  try {
    await using system = await startSystem({
      data_folder: path.join(root, '.data', 'dev', 'postgres'),
      work_folder: path.join(root, '.data', 'dev'),
      database_url: databaseUrl,
      ports: DEV_PORTS,
      report: (what) => process.stderr.write(`${what}\n`),
    });
    process.stdout.write(
      json
        ? `${JSON.stringify(systemAsJson(system))}\n`
        : `\n${describeSystem(system)}\n\nRunning until Ctrl-C.\n`,
    );
    await stop.requested;
  } catch (error) {
    process.stderr.write(`dev: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
