import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitForStop } from '@cashback/system';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { Command, InvalidArgumentError } from 'commander';
import { type Lab, openLab } from './lab.ts';
import { type FailpointReport, runFailpoints } from './run-failpoints.ts';

interface Options {
  all?: true;
  points: number;
  seed: number;
  only: string;
  systems: number;
  json?: true;
}

const program = new Command('failpoints')
  .description(
    'Play one order through the whole system, kill or cut off a process between two of its effects, check every invariant; again for the next two',
  )
  .option('--all', 'visit every point')
  .option('--points <n>', 'how many of them otherwise', integer, 40)
  .option('--seed <n>', 'picks them', integer, 1)
  .option('--only <text>', 'only points whose description contains it, such as "worker killed"', '')
  .option('--systems <n>', 'how many systems share the points out among them', integer, 2)
  .option('--json', 'print the report as JSON')
  .addHelpText(
    'after',
    '\nExit code: 0 every invariant held at every point that was visited; 1 anything else.',
  )
  .parse();

// Node's own way out waits for every request of every socket, and those of connections that were swallowed never end.
process.exit(await main(program.opts<Options>()));

async function main(options: Options): Promise<number> {
  const stop = waitForStop();
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-failpoints-'));
  const stops: (() => Promise<void>)[] = [];
  let passed = false;
  try {
    const report = await run(options, { folder, stops, signal: stop.signal });
    passed = report.failures.length === 0;
    process.stdout.write(
      options.json ? `${JSON.stringify({ passed, ...report }, null, 2)}\n` : describe(report),
    );
  } catch (error) {
    process.stderr.write(`failpoints: ${error instanceof Error ? error.stack : String(error)}\n`);
  } finally {
    stop.release();
    for (const stopOne of stops.toReversed()) await stopOne();
    if (passed) rmSync(folder, { recursive: true, force: true });
    else process.stderr.write(`The logs of the apps are in ${folder}\n`);
  }
  return passed ? 0 : 1;
}

interface Place {
  folder: string;
  stops: (() => Promise<void>)[];
  signal: AbortSignal;
}

async function run(options: Options, { folder, stops, signal }: Place): Promise<FailpointReport> {
  const say = (what: string): void => void process.stderr.write(`  ${what}\n`);
  const labs: Lab[] = [];
  for (let number = 1; number <= Math.max(1, options.systems); number += 1) {
    const work_folder = path.join(folder, String(number));
    const postgres = await startEmbeddedPostgres({ data_dir: path.join(work_folder, 'postgres') });
    stops.push(() => postgres.stop());
    const lab = await openLab({ database_url: postgres.url, work_folder, report: say });
    stops.push(() => lab.stop());
    labs.push(lab);
  }
  const most = options.all ? Infinity : options.points;
  return runFailpoints({ labs, seed: options.seed, most, only: options.only, signal, say });
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

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0 to 999999999.');
  return Number(text);
}
