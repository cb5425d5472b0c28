import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createCashbackClient } from '@cashback/client';
import { requireAddress } from '@cashback/service/env';
import { wholeNumber } from '@cashback/service/whole-number';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { type BackfillReport, runBackfill } from './run-backfill.ts';

interface Options {
  rejected: string;
  from: number;
  json?: true;
}

export function backfillCommand(): Command {
  return new Command('backfill')
    .description('Register many orders from a file: one JSON object per line, with the fields of register')
    .argument('<file>', 'the file, e.g. orders.ndjson')
    .option('--rejected <file>', 'the file for refused lines, with the reason of each', 'rejected.ndjson')
    .option(
      '--from <line>',
      'the first line to register, to continue after a stop',
      wholeNumber(1, 999_999_999_999_999),
      1,
    )
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
CASHBACK_URL is the URL of the server, CASHBACK_TOKEN a token with the scope register.
It is safe to repeat: orders that are already registered are "unchanged". A line that would replace a target of the
same invoice version is rejected, unless it has the "expected_revision" that it replaces.
Exit code: 0 all registered; 2 lines were rejected; 1 stopped before the end.`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      process.exitCode = await run(file, options, command);
    });
}

if (import.meta.main) await backfillCommand().parseAsync();

async function run(file: string, { rejected, from, json }: Options, command: Command): Promise<number> {
  const address = requireAddress(command, 'CASHBACK', 'scope register');
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) command.error(`there is no file ${file}`);

  const client = createCashbackClient({ ...address, retries: 8 });
  const bytes = createReadStream(file);
  // Created with the first rejected line, so that no empty file is left.
  let out: ReturnType<typeof createWriteStream> | undefined;
  const bar = new SingleBar({
    stream: process.stderr,
    format: '[{bar}] {percentage} %  {lines} lines  {rejected} rejected  {duration_formatted}',
    noTTYOutput: true,
    notTTYSchedule: 3_000,
  });
  bar.start(statSync(file).size, 0, { lines: 0, rejected: 0 });
  try {
    const report = await runBackfill({
      client,
      lines: createInterface({ input: bytes, crlfDelay: Infinity }),
      from,
      onRejected: (line) => {
        out ??= createWriteStream(rejected);
        out.write(`${JSON.stringify(line)}\n`);
      },
      onProgress: ({ lines, rejected: count }) => bar.update(bytes.bytesRead, { lines, rejected: count }),
    });
    bar.stop();
    if (json === true) console.log(JSON.stringify(report, null, 2));
    else print(report, rejected);
    if (report.stopped_at !== null) return 1;
    return report.rejected === 0 ? 0 : 2;
  } finally {
    bar.stop();
    client.close();
    bytes.destroy();
    if (out !== undefined) await finished(out.end());
  }
}

function print({ lines, outcomes, rejected, stopped_at, reason }: BackfillReport, file: string): void {
  console.log(
    `${lines} lines: ${outcomes.registered} registered, ${outcomes.unchanged} unchanged, ${outcomes.stale} stale, ${rejected} rejected`,
  );
  if (rejected > 0) console.log(`rejected lines and reasons: ${file}`);
  if (stopped_at !== null) console.log(`stopped: ${reason}\ncontinue with --from ${stopped_at}`);
}
