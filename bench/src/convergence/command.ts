import { Command } from 'commander';
import { wholeNumber } from '@cashback/service/whole-number';
import { type CommonOptions, commonOptions } from '../command/options.ts';
import { runCommand } from '../command/run-command.ts';
import { describeConvergence } from './report.ts';
import { runConvergence } from './run-convergence.ts';

interface Options extends CommonOptions {
  orders: number;
  unsettled: number;
  rounds: number;
}

export function convergenceCommand(): Command {
  const command = new Command('convergence')
    .description(
      'Asks how far all orders are from their targets, beside a plain count of the same orders, and checks the answer',
    )
    .option('--orders <n>', 'orders in the tables', wholeNumber(1, 100_000_000), 10_000_000)
    .option(
      '--unsettled <n>',
      'how many of them are not settled; a quarter of these need attention',
      wholeNumber(0, 10_000_000),
      10_000,
    )
    .option('--rounds <n>', 'measurements of each query', wholeNumber(1, 1_000), 11)
    .addHelpText(
      'after',
      `
Exit code: 0 measured, whether goals are met or missed; 1 any other error, or an answer that is not the exact difference.`,
    )
    .action(({ database, ...options }: Options) =>
      runCommand(options, {
        run: (context) => runConvergence({ ...options, ...context, database_url: database }),
        describe: describeConvergence,
      }),
    );
  for (const option of commonOptions()) command.addOption(option);
  return command;
}
