// Generates a migration: `pnpm migration <owner> <name> [--custom]`. Never edit one that has landed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

const program = new Command('migration')
  .description('Generate a migration for one owner from its table files')
  .argument('<owner>', 'a folder of drizzle/, e.g. cashback')
  .argument('<name>', 'what the migration is for, e.g. events-source')
  .option('--custom', 'an empty migration to fill with SQL of your own')
  .parse();
const [owner, name] = program.args as [string, string];
const { tables } = JSON.parse(readFileSync(`drizzle/${owner}/owner.json`, 'utf8')) as { tables: string };
const custom = program.opts<{ custom?: true }>().custom ? ['--custom'] : [];
const { status } = spawnSync(
  'drizzle-kit',
  [
    'generate',
    '--dialect',
    'postgresql',
    '--schema',
    tables,
    '--out',
    `drizzle/${owner}`,
    '--name',
    name,
    ...custom,
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
