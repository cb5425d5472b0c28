import { Command, Option } from 'commander';
import { type CommonOptions, commonOptions, namesOf } from '../command/options.ts';
import { wholeNumber } from '@cashback/service/whole-number';
import { runCommand } from '../command/run-command.ts';
import { redisUrl } from '../env.ts';
import { describeReport } from './report.ts';
import { runCharge } from './run-charge.ts';
import { MEANINGS, PARTS, PART_MEANINGS, type Part, WAYS, type Way } from './ways.ts';

interface Options extends CommonOptions {
  only: Part[];
  ways: Way[];
  rounds: number;
  orders: number;
  jobs: number;
  samples: number;
  queued: number;
  standIn?: true;
  redisUrl?: string;
}

export function chargeCommand(): Command {
  const command = new Command('charge')
    .description(
      'The worker against transactions, beside its bare calls, pg-boss alone, graphile-worker and BullMQ',
    )
    .addOption(
      new Option('--only <parts>', `of ${PARTS.join(', ')}`).default(PARTS, 'all').argParser(namesOf(PARTS)),
    )
    .addOption(
      new Option('--ways <ways>', `of ${WAYS.join(', ')}`).default(WAYS, 'all').argParser(namesOf(WAYS)),
    )
    .option('--rounds <n>', 'measurements of each way', wholeNumber(1, 100), 3)
    .option('--orders <n>', 'orders settled by a way per round', wholeNumber(10, 1_000_000), 5_000)
    .option('--jobs <n>', 'jobs of the queue part per round', wholeNumber(100, 10_000_000), 60_000)
    .option('--samples <n>', 'lone jobs of a way per round', wholeNumber(1, 100_000), 200)
    .option(
      '--queued <n>',
      'orders that wait before the worker starts, to compare the last settled with the first; 0 skips it',
      wholeNumber(0, 100_000_000),
      0,
    )
    .option(
      '--stand-in',
      'settle against a stand-in for transactions that answers at once, which leaves only the cost of the worker and its peers',
    )
    .addOption(
      new Option(
        '--redis-url <url>',
        'the Redis for BullMQ (default: REDIS_URL, else redis-server is started if installed, else BullMQ is skipped)',
      ).default(redisUrl, 'REDIS_URL'),
    )
    .addHelpText('after', () => {
      const list = (names: readonly string[], meanings: Readonly<Record<string, string>>): string =>
        names.map((name) => `  ${name.padEnd(16)} ${meanings[name]}`).join('\n');
      return `\nParts:\n${list(PARTS, PART_MEANINGS)}\n\nWays:\n${list(WAYS, MEANINGS)}\n
Exit code: 0 measured, whether goals are met or missed; 1 any error, or an order that was not settled exactly once.`;
    })
    .action(({ database, redisUrl: redis_url, standIn, only, ...options }: Options) =>
      runCommand(options, {
        run: (context) =>
          runCharge({
            ...options,
            ...context,
            stand_in: standIn === true,
            parts: only,
            database_url: database,
            redis_url,
          }),
        describe: describeReport,
      }),
    );
  for (const option of commonOptions()) command.addOption(option);
  return command;
}
