import { Command, Option } from 'commander';
import { type CommonOptions, commonOptions, namesOf, wholeNumbers } from '../command/options.ts';
import { wholeNumber } from '@cashback/service/whole-number';
import { runCommand } from '../command/run-command.ts';
import { ID_FORMS, type IdForm } from './order-ids.ts';
import { PgbenchMissingError } from './plain/pgbench.ts';
import { describeReport } from './report.ts';
import { runRegister } from './run-register.ts';
import { MEANINGS, WAYS, type Way } from './ways.ts';

interface Options extends CommonOptions {
  orders: number[];
  rounds: number;
  seconds: number;
  minutes: number;
  only: Way[];
  ids: IdForm;
  afterCheckpoint?: true;
  keep?: true;
}

const pgbenchMissing = 2;

export function registerCommand(): Command {
  const command = new Command('register')
    .description(
      'Registers new orders through the client and the server, beside pgbench on the same Postgres',
    )
    .option(
      '--orders <n...>',
      'orders in the tables before the measurement',
      wholeNumbers(1, 100_000_000),
      [10_000, 10_000_000],
    )
    .option('--rounds <n>', 'measurements of each way', wholeNumber(1, 100), 5)
    .option('--seconds <n>', 'length of each measurement', wholeNumber(1, 600), 5)
    .option('--minutes <n>', "how long to watch the server's memory; 0 skips it", wholeNumber(0, 600), 5)
    .addOption(
      new Option('--only <ways>', `of ${WAYS.join(', ')}`).default(WAYS, 'all').argParser(namesOf(WAYS)),
    )
    .addOption(new Option('--ids <form>', 'the form of the order ids').choices(ID_FORMS).default('random'))
    .option(
      '--after-checkpoint',
      'measure right after a checkpoint, when the first change of each page logs the whole page',
    )
    .option('--keep', 'keep the filled databases for the next run with --keep, which saves minutes')
    .addHelpText('after', () => {
      const ways = WAYS.map((way) => `  ${way.padEnd(15)} ${MEANINGS[way]}`);
      return `\nWays:\n${ways.join('\n')}\n
Exit code: 0 measured, whether goals are met or missed; 2 pgbench is not installed; 1 any other error, a failed call,
or rows other than the acknowledged ones.`;
    })
    .action(({ database, only, keep, afterCheckpoint, ...options }: Options) =>
      runCommand(options, {
        run: (context) =>
          runRegister({
            ...options,
            ...context,
            ways: only,
            keep: keep === true,
            after_checkpoint: afterCheckpoint === true,
            database_url: database,
          }),
        describe: describeReport,
        exitCodeOf: (error) => (error instanceof PgbenchMissingError ? pgbenchMissing : 1),
      }),
    );
  for (const option of commonOptions()) command.addOption(option);
  return command;
}
