import { randomBytes } from 'node:crypto';
import { wholeNumber } from '@cashback/service/whole-number';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { databaseUrl } from '@cashback/postgres/env';
import { type DemoOptions, runDemo } from './run-demo.ts';
import { printReport } from './report/print-report.ts';
import { makeWorkFolder } from './work-folder.ts';
import { exitCodeOf } from './report/report.ts';
import { createProgress } from './report/progress.ts';
import { type AppName, APPS, describeSystem, waitForStop } from '@cashback/system';

const MAX_COUNT = 100_000;

interface Options {
  orders?: string;
  count?: number;
  seed: number;
  json?: string;
  keep?: true;
  faults?: true;
  kill: AppName[];
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('Run the whole system on orders, settle them, check every invariant, print a report')
    .option('--orders <file>', 'read taxi trips from a CSV file instead of generating orders')
    .option('--count <n>', 'how many orders (500; with --orders all lines)', wholeNumber(1, MAX_COUNT))
    .option('--seed <n>', 'repeats the same orders and the same changes', wholeNumber(0, 2_147_483_647), 1)
    .option(
      '--faults',
      'let Trust fail, lose answers and answer late, and its callbacks come twice and out of order',
    )
    .addOption(
      new Option(
        '--kill <apps>',
        `kill -9 and restart these in the middle, e.g. worker,server; of ${APPS.join(', ')}`,
      )
        .default([], 'none')
        .argParser(appNames),
    )
    .option('--json <file>', 'write the report as JSON')
    .option('--keep', 'leave everything running afterwards and print the URLs')
    .addHelpText(
      'after',
      `
Uses the Postgres of DATABASE_URL (a login that may create roles); without it an embedded one.
Exit code: 0 all settled and every invariant holds; 2 the same, but lines were rejected; 1 anything else.`,
    )
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

if (import.meta.main) await demoCommand().parseAsync();

async function run({ json, keep, seed, ...options }: Options): Promise<number> {
  const progress = createProgress(process.stderr);
  using stop = waitForStop();
  // The logs are kept when they may explain a failure, until the next run starts.
  let removeAtEnd: boolean | undefined;
  const work_folder = makeWorkFolder(tmpdir());
  // A second Ctrl-C, or a parent that is gone, ends a stop before it decides.
  process.once('exit', () => {
    if (removeAtEnd ?? stop.signal.aborted) rmSync(work_folder, { recursive: true, force: true });
  });
  const settings: DemoOptions = {
    ...options,
    seed,
    work_folder,
    database_url: databaseUrl,
    run: `r${Date.now().toString(36)}${randomBytes(2).toString('hex')}`,
    signal: stop.signal,
  };
  try {
    return await runDemo(settings, progress, async ({ report, system }) => {
      progress.end();
      process.stdout.write(`\n${printReport(report)}`);
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
      if (keep) {
        process.stdout.write(`\n${describeSystem(system)}\n\nRunning until Ctrl-C.\n`);
        await stop.requested;
      }
      const exitCode = exitCodeOf(report);
      removeAtEnd = exitCode !== 1;
      if (!removeAtEnd) {
        process.stdout.write(`The logs of the apps are in ${system.log_folder} until the next demo\n`);
      }
      return exitCode;
    });
  } catch (error) {
    progress.end();
    const stopped = stop.signal.aborted;
    removeAtEnd = stopped || !hasLogs(work_folder);
    const where = removeAtEnd ? '' : `\nThe logs of the apps are in ${work_folder}/logs until the next demo`;
    process.stderr.write(`demo: ${stopped ? 'stopped' : describe(error)}${where}\n`);
    return 1;
  }
}

function hasLogs(work_folder: string): boolean {
  const folder = path.join(work_folder, 'logs');
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function appNames(text: string): AppName[] {
  return text.split(',').map((name) => {
    const app = APPS.find((known) => known === name);
    if (app === undefined) throw new InvalidArgumentError(`Expected names out of ${APPS.join(', ')}.`);
    return app;
  });
}
