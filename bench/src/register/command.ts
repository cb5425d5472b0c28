import { Command, Option } from 'commander';
import { type CommonOptions, commonOptions, namesOf, wholeNumber, wholeNumbers } from '../command/options.ts';
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
      'Registers of new orders through the client and the server, against pgbench on the same Postgres',
    )
    .option(
      '--orders <n...>',
      'how many orders are in the tables before',
      wholeNumbers(1, 100_000_000),
      [10_000, 10_000_000],
    )
    .option('--rounds <n>', 'how often each way is measured', wholeNumber(1, 100), 5)
    .option('--seconds <n>', 'how long each measurement is', wholeNumber(1, 600), 5)
    .option(
      '--minutes <n>',
      "how long the server's memory is watched; 0 leaves it out",
      wholeNumber(0, 600),
      5,
    )
    .addOption(
      new Option('--only <ways>', `of ${WAYS.join(', ')}`).default(WAYS, 'all').argParser(namesOf(WAYS)),
    )
    .addOption(new Option('--ids <form>', 'the form of the order ids').choices(ID_FORMS).default('random'))
    .option(
      '--after-checkpoint',
      'measure right after a checkpoint, when each first change of a page logs all of it, not between two',
    )
    .option('--keep', 'leave the filled databases for the next run with --keep, which saves minutes')
    .addHelpText('after', () => {
      const ways = WAYS.map((way) => `  ${way.padEnd(15)} ${MEANINGS[way]}`);
      return `\nWays:\n${ways.join('\n')}\n
Exit code: 0 measured, whether the goals are met or missed; 2 pgbench is not installed; 1 any other error, a call that
failed, or rows that are not exactly what was acknowledged.`;
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
