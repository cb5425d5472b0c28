import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { requireAddress } from '@cashback/service/env';
import { wholeNumber } from '@cashback/service/whole-number';
import { Command } from 'commander';
import { type ResumeReport, type ResumeSelection, listAll, resumeAll } from './attention.ts';
import { type FilterOptions, filterOf, withFilter } from './filter-options.ts';
import { describeCounts, describeList, describeResumes } from './describe.ts';

interface ListOptions extends FilterOptions {
  limit: number;
  json?: true;
}

interface ResumeOptions extends ListOptions {
  all?: true;
  dryRun?: true;
}

const TIMEOUT_MS = 30_000;
const MAX_LIMIT = 1_000_000;
const SERVER = 'CASHBACK_URL is the URL of the server, CASHBACK_TOKEN a token with the scope';

export function attentionCommand(): Command {
  const list = withFilter(new Command('list'))
    .description('Lists them, those that have needed it for longest first.')
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), 100)
    .option('--json', 'print each as a line of JSON')
    .addHelpText('after', `\n${SERVER} order.\nExit code: 0 listed, also when there is none; 1 otherwise.`)
    .action((options: ListOptions, command: Command) =>
      withServer(command, 'order', async (server) => {
        const { orders, more } = await listAll(server, filterOf(options), options.limit);
        if (options.json === true) for (const order of orders) console.log(JSON.stringify(order));
        else console.log(describeList(orders, more));
        return 0;
      }),
    );
  const count = withFilter(new Command('count'))
    .description('Counts them by service, app and code, with the age of the oldest.')
    .option('--json', 'print the counts as a line of JSON')
    .addHelpText('after', `\n${SERVER} order.\nExit code: 0 counted, also when there is none; 1 otherwise.`)
    .action((options: Omit<ListOptions, 'limit'>, command: Command) =>
      withServer(command, 'order', async (server) => {
        const answer = await server.attention.count(filterOf(options));
        console.log(options.json === true ? JSON.stringify(answer) : describeCounts(answer));
        return 0;
      }),
    );
  const resume = withFilter(new Command('resume'))
    .description(
      'Has them tried again, as if nothing had gone wrong before. No money moves by it: the worker observes and decides.',
    )
    .argument('[order_ids...]', 'the orders; or a filter')
    .option('--all', 'instead of orders or a filter: all that need attention')
    .option(
      '--limit <count>',
      'how many of the filter at most, the oldest first',
      wholeNumber(1, MAX_LIMIT),
      100,
    )
    .option('--dry-run', 'change nothing, and print what would be resumed: the first 500')
    .option('--json', 'print the report as a line of JSON')
    .addHelpText(
      'after',
      `
${SERVER} attention, and with a filter order as well.
It is safe to repeat. Orders of processing are requested: it tries them again with its next report. An order that the breaker holds needs a release.
Exit code: 0 resumed; 2 some of the given orders were not, because they need no attention, are held or were never registered; 1 stopped before the end.`,
    )
    .action((orderIds: string[], options: ResumeOptions, command: Command) =>
      withServer(command, 'attention', (server) => runResume(server, orderIds, options, command)),
    );
  return new Command('attention')
    .description('Lists, counts and resumes the orders that need attention, in the worker and in processing.')
    .addCommand(list)
    .addCommand(count)
    .addCommand(resume);
}

if (import.meta.main) await attentionCommand().parseAsync();

async function runResume(
  server: CashbackClient,
  orderIds: readonly string[],
  options: ResumeOptions,
  command: Command,
): Promise<number> {
  const { all, dryRun = false, json, limit } = options;
  const selection = selectionOf(orderIds, { filter: filterOf(options), all: all === true, limit });
  if (selection === null) command.error('expected either order ids, or a filter, or --all');
  let last: ResumeReport | undefined;
  try {
    const report = await resumeAll(server, selection, { dry_run: dryRun, onPage: (now) => (last = now) });
    console.log(json === true ? JSON.stringify(report) : describeResumes(report));
    const isDone = report.orders.every(({ outcome }) => outcome === 'resumed' || outcome === 'requested');
    return isDone || orderIds.length === 0 ? 0 : 2;
  } catch (error) {
    if (last !== undefined) console.error(describeResumes(last));
    throw error;
  }
}

function selectionOf(
  orderIds: readonly string[],
  { filter, all, limit }: { filter: ReturnType<typeof filterOf>; all: boolean; limit: number },
): ResumeSelection | null {
  const isFiltered = Object.keys(filter).length > 0;
  if ([orderIds.length > 0, isFiltered, all].filter(Boolean).length !== 1) return null;
  return orderIds.length > 0 ? { order_ids: [...new Set(orderIds)] } : { filter, limit };
}

/** Sets the exit code: that of `run`, or 1 with the reason. */
async function withServer(
  command: Command,
  scope: string,
  run: (server: CashbackClient) => Promise<number>,
): Promise<void> {
  const address = requireAddress(command, 'CASHBACK', `scope ${scope}`);
  const server = createCashbackClient({ ...address, timeout_ms: TIMEOUT_MS });
  try {
    process.exitCode = await run(server);
  } catch (error) {
    console.error(
      `attention: stopped before the end: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = 1;
  } finally {
    server.close();
  }
}
