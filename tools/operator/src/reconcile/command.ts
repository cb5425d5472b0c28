import { createCashbackClient } from '@cashback/client';
import { createHttpClient } from '@cashback/service';
import { findAddress, requireAddress } from '@cashback/service/env';
import { Command } from 'commander';
import { time } from '../time-option.ts';
import { type ReconcileReport, type Selection, reconcile } from './reconcile.ts';

interface Options {
  since?: Date;
  json?: true;
}

const TIMEOUT_MS = 30_000;

export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description(
      'Has orders calculated again, observed, and compared with their targets, in whatever state they are.',
    )
    .argument('[order_ids...]', 'the orders')
    .option('--since <time>', 'instead of given orders: all that changed at this time or later', time)
    .option('--json', 'print the report as a line of JSON')
    .addHelpText(
      'after',
      `
CASHBACK_URL is the URL of the server, CASHBACK_TOKEN a token with the scope reconcile.
PROCESSING_URL and PROCESSING_TOKEN are those of processing, with the same scope; without them targets are not calculated again.
It is safe to repeat. The worker and processing do the work afterwards. They take the next page once few orders are due, so that
live orders do not wait behind all of them.
Exit code: 0 all orders are due; 2 some of the given orders were never registered; 1 stopped before the end.`,
    )
    .action(async (orderIds: string[], options: Options, command: Command) => {
      process.exitCode = await run(orderIds, options, command);
    });
}

if (import.meta.main) await reconcileCommand().parseAsync();

async function run(orderIds: string[], { since, json }: Options, command: Command): Promise<number> {
  const serverAddress = requireAddress(command, 'CASHBACK', 'scope reconcile');
  const processingAddress = findAddress(command, 'PROCESSING', 'scope reconcile');
  if ((orderIds.length === 0) === (since === undefined))
    command.error('expected either order ids or --since');
  const selection: Selection = since === undefined ? { order_ids: [...new Set(orderIds)] } : { since };

  const server = createCashbackClient({ ...serverAddress, timeout_ms: TIMEOUT_MS });
  const processing =
    processingAddress === null
      ? null
      : createHttpClient({
          name: 'processing',
          base_url: processingAddress.url,
          token: processingAddress.token,
          timeout_ms: TIMEOUT_MS,
        });
  let last: ReconcileReport | undefined;
  try {
    const report = await reconcile(selection, { server, processing, onPage: (now) => (last = now) });
    console.log(json === true ? JSON.stringify(report) : describe(report));
    return report.unknown.length === 0 ? 0 : 2;
  } catch (error) {
    if (last !== undefined) console.error(describe(last));
    console.error(
      `reconcile: stopped before the end, repeat it: ${error instanceof Error ? error.message : String(error)}`,
    );
    return 1;
  } finally {
    server.close();
    await processing?.close();
  }
}

function describe({ enqueued, due, unknown }: ReconcileReport): string {
  const calculated = enqueued === null ? '' : `${enqueued} orders are calculated again, `;
  const missing = unknown.length === 0 ? '' : `; never registered: ${unknown.join(', ')}`;
  return `${calculated}${due} orders are observed and compared${missing}`;
}
