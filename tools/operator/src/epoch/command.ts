import { createInterface } from 'node:readline/promises';
import { asSetupError, openDatabase } from '@cashback/postgres';
import { requireDatabaseUrl } from '@cashback/postgres/env';
import { Argument, Command } from 'commander';
import { time } from '../time-option.ts';
import { type EpochReport, SIDES, type Side, startEpochOf } from './start-epoch.ts';

interface Options {
  restoredTo?: Date;
  yes?: true;
  json?: true;
}

// Above the run, which may begin as the file is loaded.
const NEXT: Readonly<Record<Side, string>> = {
  transactions: `Next, without further commands:
- Readers of its feeds start over: processing reads all invoices again, the worker all changes of cashback.
- Versions of the new epoch replace those of the old one, also lower ones.`,
  server: `Next:
- Readers of the feed of events go on; a cursor from after the backup is refused, and its reader starts over.
- The worker finds operations that the backup lacks in the feed of transactions, and observes their orders.
- Targets that were registered after the backup are missing: cashback reconcile --since <time of the backup>.`,
};

export function epochCommand(): Command {
  return new Command('epoch')
    .description(
      'States that a side was restored from a backup: begins a new epoch of its versions and cursors.',
    )
    .addArgument(new Argument('<side>', 'what was restored: its schema').choices(SIDES))
    .option(
      '--restored-to <time>',
      'the moment of the backup: orders that changed since then are observed',
      time,
    )
    .option('--yes', 'do not ask')
    .option('--json', 'print the report as a line of JSON')
    .addHelpText(
      'after',
      `
transactions is the schema transactions, server the schema cashback. Run it after the restore and before the side serves again, once a restore.
DATABASE_URL is the side's database, with the login that owns its tables.
Exit code: 0 the new epoch has begun; 1 nothing was changed.`,
    )
    .action(async (side: Side, options: Options, command: Command) => {
      process.exitCode = await run(side, options, command);
    });
}

if (import.meta.main) await epochCommand().parseAsync();

async function run(side: Side, { restoredTo, yes, json }: Options, command: Command): Promise<number> {
  const url = requireDatabaseUrl(command);
  if (restoredTo !== undefined && restoredTo.getTime() > Date.now()) {
    command.error(`--restored-to: expected a time in the past, got ${restoredTo.toISOString()}`);
  }
  if (yes !== true && !(await confirmed(side))) {
    console.error('epoch: nothing was changed; add --yes where no one can answer');
    return 1;
  }
  const database = openDatabase({ url, application_name: 'cashback-epoch', max_connections: 1 });
  try {
    const report = await startEpochOf(database, side, restoredTo ?? null);
    console.log(json === true ? JSON.stringify(report) : describe(report));
    return 0;
  } catch (error) {
    console.error(`epoch: ${asSetupError('cannot begin a new epoch', error).message}`);
    return 1;
  } finally {
    await database.close();
  }
}

async function confirmed(side: Side): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Was ${side} restored from a backup, and is a new epoch to begin? [y/N] `,
  );
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function describe({ side, from, to, observe_since }: EpochReport): string {
  const observed =
    observe_since === null
      ? '- The worker observes the orders that changed lately (RESTORE_WINDOW_MS). If the backup is older: cashback reconcile --since <its time>.'
      : `- The worker observes all orders that changed since ${observe_since}; its /health has feeds.cashback_changes.observing_since until it has.`;
  return `${side}: epoch ${from} -> ${to}\n${NEXT[side]}\n${observed}`;
}
