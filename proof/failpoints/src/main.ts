import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { wholeNumber } from '@cashback/service/whole-number';
import { waitForStop } from '@cashback/system';
import { Command } from 'commander';
import { type FailpointReport, runFailpoints } from './run-failpoints.ts';
import { type Testbed, startTestbed } from './testbed.ts';

interface Options {
  all?: true;
  points: number;
  seed: number;
  only: string;
  systems: number;
  json?: true;
}

export function failpointsCommand(): Command {
  return new Command('failpoints')
    .description(
      'Play one order through the whole system, kill or cut off a process between two of its effects, check every invariant; again for the next two',
    )
    .option('--all', 'visit every point')
    .option('--points <n>', 'how many points to visit without --all', wholeNumber(0, 999_999_999), 40)
    .option('--seed <n>', 'picks the points', wholeNumber(0, 999_999_999), 1)
    .option('--only <text>', 'only points whose description contains it, such as "worker killed"', '')
    .option('--systems <n>', 'how many systems share the points', wholeNumber(0, 999_999_999), 2)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit code: 0 every invariant held at every visited point; 1 anything else.')
    .action(async (options: Options) => {
      // Node's own exit waits for every open request, and requests on connections that were swallowed never end.
      process.exit(await main(options));
    });
}

if (import.meta.main) await failpointsCommand().parseAsync();

async function main(options: Options): Promise<number> {
  using stop = waitForStop();
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-failpoints-'));
  try {
    const report = await run(options, folder, stop.signal);
    const passed = report.failures.length === 0;
    process.stdout.write(
      options.json ? `${JSON.stringify({ passed, ...report }, null, 2)}\n` : describe(report),
    );
    if (passed) {
      rmSync(folder, { recursive: true, force: true });
      return 0;
    }
  } catch (error) {
    process.stderr.write(`failpoints: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  process.stderr.write(`The logs of the apps are in ${folder}\n`);
  return 1;
}

async function run(options: Options, folder: string, signal: AbortSignal): Promise<FailpointReport> {
  const report = (what: string): void => void process.stderr.write(`  ${what}\n`);
  await using running = new AsyncDisposableStack();
  const testbeds: Testbed[] = [];
  for (let number = 1; number <= Math.max(1, options.systems); number += 1) {
    signal.throwIfAborted();
    const work_folder = path.join(folder, String(number));
    const data_dir = path.join(work_folder, 'postgres');
    const postgres = running.use(await startEmbeddedPostgres({ data_dir }));
    testbeds.push(running.use(await startTestbed({ database_url: postgres.url, work_folder, report })));
  }
  const max_points = options.all ? Infinity : options.points;
  const { seed, only } = options;
  // Awaited here, as the testbeds are stopped on the way out.
  return await runFailpoints({ testbeds, seed, max_points, only, signal, say: report });
}

function describe(report: FailpointReport): string {
  const effects = Object.entries(report.effects).map(([name, count]) => `${name} ${count}`);
  return [
    `effects of one run: ${effects.join(', ')}`,
    `${report.points} points, ${report.visited} visited, ${report.not_reached.length} not reached this time, ${report.seconds} s`,
    ...report.not_reached.map((point) => `  not reached: ${point}`),
    ...report.failures.map((failure) => `FAILED ${failure}`),
    `${report.failures.length} failures`,
    '',
  ].join('\n');
}
