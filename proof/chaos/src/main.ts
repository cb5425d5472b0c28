import { randomBytes } from 'node:crypto';
import { wholeNumber } from '@cashback/service/whole-number';
import { tmpdir } from 'node:os';
import { waitForStop } from '@cashback/system';
import { Command, InvalidArgumentError } from 'commander';
import { FAULTS } from './faults/index.ts';
import { describeReport, hasPassed } from './report.ts';
import { runChaos } from './run-chaos.ts';
import { clearWorkFolder, logsOf, makeWorkFolder, releaseLeftDisks } from './work-folder.ts';

interface Options {
  minutes: number;
  seed: number;
  json?: true;
  only: string;
}

export function chaosCommand(): Command {
  return new Command('chaos')
    .description(
      'Run the whole system under load and random faults, then heal, drain, and check every invariant',
    )
    .option('--minutes <n>', 'how long faults go on; longer until each kind has happened once', minutes, 2)
    .option(
      '--seed <n>',
      'decides the orders, and the schedule of the faults',
      wholeNumber(0, 999_999_999),
      1,
    )
    .option('--only <text>', 'only the faults whose name contains it', kinds, '')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Starts a Postgres of its own, on a small file system where it may mount one (root on Linux), and all apps. Elsewhere on
Linux its disk fills up by a limit on the size of files.
Exit code: 0 nothing lost, nothing doubled, everything drained, and every kind of fault happened; 1 anything else.`,
    )
    .action(async (options: Options) => {
      // Node's own exit waits for every open request, and requests on connections that were swallowed never end.
      process.exit(await run(options));
    });
}

if (import.meta.main) await chaosCommand().parseAsync();

async function run({ minutes: duration, seed, json, only }: Options): Promise<number> {
  using stop = waitForStop();
  process.stderr.write(`chaos: ${duration} minutes, seed ${seed}\n`);
  releaseLeftDisks(tmpdir());
  const work_folder = makeWorkFolder(tmpdir());
  let passed = false;
  try {
    const report = await runChaos({
      minutes: duration,
      seed,
      only,
      work_folder,
      run: `c${Date.now().toString(36)}${randomBytes(2).toString('hex')}`,
      signal: stop.signal,
      say: (what) => process.stderr.write(`  ${what}\n`),
    });
    passed = hasPassed(report);
    process.stdout.write(
      json ? `${JSON.stringify({ passed, ...report }, null, 2)}\n` : describeReport(report),
    );
  } catch (error) {
    process.stderr.write(`chaos: ${error instanceof Error ? error.stack : String(error)}\n`);
  } finally {
    if (clearWorkFolder(work_folder, { kept: !passed })) {
      process.stderr.write(`The logs of the apps and of Postgres are in ${logsOf(work_folder)}\n`);
    }
  }
  return passed ? 0 : 1;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!/^\d{1,4}(\.\d+)?$/.test(text) || value <= 0) {
    throw new InvalidArgumentError('Expected a number of minutes above 0.');
  }
  return value;
}

function kinds(text: string): string {
  if (FAULTS.some(({ name }) => name.includes(text))) return text;
  const names = FAULTS.map(({ name }) => `  ${name}`).join('\n');
  throw new InvalidArgumentError(`No kind of fault has it in its name. The kinds are:\n${names}`);
}
