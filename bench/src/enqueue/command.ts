import { Command } from 'commander';
import { type CommonOptions, commonOptions, wholeNumbers } from '../command/options.ts';
import { wholeNumber } from '@cashback/service/whole-number';
import { runCommand } from '../command/run-command.ts';
import { describeEnqueue } from './report.ts';
import { runEnqueue } from './run-enqueue.ts';

interface Options extends CommonOptions {
  sizes: number[];
  connections: number;
  rounds: number;
  seconds: number;
}

export function enqueueCommand(): Command {
  const command = new Command('enqueue')
    .description('Adds the jobs of a set of orders in one transaction: pg-boss beside its alternatives')
    .option('--sizes <n...>', 'jobs in a transaction', wholeNumbers(1, 1_000), [100, 500])
    .option('--connections <n>', 'concurrent transactions', wholeNumber(1, 100), 2)
    .option('--rounds <n>', 'measurements of each way', wholeNumber(1, 100), 5)
    .option('--seconds <n>', 'length of each measurement', wholeNumber(1, 600), 2)
    .action(({ database, ...options }: Options) =>
      runCommand(options, {
        run: (context) => runEnqueue({ ...options, ...context, database_url: database }),
        describe: describeEnqueue,
      }),
    );
  for (const option of commonOptions()) command.addOption(option);
  return command;
}
