import { statSync } from 'node:fs';
import { asSetupError, openDatabase } from '@cashback/postgres';
import { requireDatabaseUrl } from '@cashback/postgres/env';
import { wholeNumber } from '@cashback/service/whole-number';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { time } from '../time-option.ts';
import { reconcileTrust } from './reconcile-trust.ts';
import type { Difference } from './difference.ts';
import { ExportError } from './export-rows.ts';

interface Options {
  since?: Date;
  until?: Date;
  json?: true;
  show: number;
}

export function reconcileTrustCommand(): Command {
  return new Command('reconcile-trust')
    .description("Compares Trust's own export with our steps and baskets, by id and amount. Reports only.")
    .argument('<file>', 'the export: CSV with a header, or one JSON object per line (.ndjson, .jsonl)')
    .option('--since <time>', 'the export begins there: older steps may be missing in it', time)
    .option('--until <time>', 'the export ends there: newer steps may be missing in it (default: now)', time)
    .option('--show <count>', 'how many differences to print', wholeNumber(0, 999_999_999), 20)
    .option('--json', 'print every difference as a line of JSON, and the report as the last one')
    .addHelpText(
      'after',
      `
Fields: kind (basket or refund), id, amount, and, compared where there is a value, status (success, if there is none; pending, failed),
basket_id, wallet_id, source. Others are ignored. The amount that moved is compared:
taken, of a refund that took less than it was asked for, or, without it, amount.
DATABASE_URL is the database of transactions, with a login that may read it.
Exit code: 0 nothing differs; 2 something differs; 1 the export could not be compared.`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      process.exitCode = await run(file, options, command);
    });
}

if (import.meta.main) await reconcileTrustCommand().parseAsync();

async function run(file: string, { since, until, json, show }: Options, command: Command): Promise<number> {
  const url = requireDatabaseUrl(command);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true) command.error(`there is no file ${file}`);

  const bar = new SingleBar({
    stream: process.stderr,
    format: '[{bar}] {percentage} %  {rows} rows read  {duration_formatted}',
    noTTYOutput: true,
    notTTYSchedule: 3_000,
  });
  bar.start(found.size, 0, { rows: 0 });
  const database = openDatabase({
    url,
    application_name: 'cashback-reconcile-trust',
    max_connections: 1,
    statement_timeout_ms: 0,
    idle_in_transaction_timeout_ms: 0,
  });
  let shown = 0;
  try {
    const report = await reconcileTrust({
      pool: database.pool,
      file,
      period: { since: since ?? null, until: until ?? new Date() },
      onRows: (rows, bytes) => bar.update(bytes, { rows }),
      onCompare: () => bar.stop(),
      onDifference: (difference) => {
        if (json === true) console.log(JSON.stringify(difference));
        else if (shown < show) console.log(describe(difference));
        shown += 1;
      },
    });
    if (json === true) console.log(JSON.stringify(report));
    else {
      if (shown > show) console.log(`... and ${shown - show} more: --show ${shown}, or --json`);
      console.log(summary(report));
    }
    return report.differences === 0 ? 0 : 2;
  } catch (error) {
    bar.stop();
    const known = error instanceof ExportError ? error : asSetupError('cannot compare', error);
    console.error(`reconcile-trust: ${known.message}`);
    return 1;
  } finally {
    await database.close();
  }
}

function describe({ difference, kind, id, order_id, line, exported, ours }: Difference): string {
  const order = order_id === null ? '' : ` of order ${order_id}`;
  const place = line === null ? '' : `, line ${line}`;
  return `${difference}: ${kind} ${id}${order}${place}: export ${exported ?? 'nothing'}, here ${ours ?? 'nothing'}`;
}

function summary({ rows, differences, by_difference }: Awaited<ReturnType<typeof reconcileTrust>>): string {
  if (differences === 0) return `${rows} rows of the export, nothing differs`;
  const counts = Object.entries(by_difference).map(([difference, number]) => `${number} ${difference}`);
  return `${rows} rows of the export, ${differences} differences: ${counts.join(', ')}`;
}
