import { sumDifferences, sumDifferencesStatement } from '@cashback/cashback-db';
import { openDatabase } from '@cashback/postgres';
import { dropDatabase } from '../database/databases.ts';
import { describePostgres } from '../database/describe-postgres.ts';
import { openPostgres } from '../database/open-postgres.ts';
import { withClient } from '../database/with-client.ts';
import { describeMachine } from '../measure/machine.ts';
import { createOrdersDatabase } from '../register/fill/create-database.ts';
import { fillOrders } from '../register/fill/fill-orders.ts';
import { figure } from '../report/figures.ts';
import { readPlans } from './read-plan.ts';
import { type ConvergenceReport, type ConvergenceRound, summariseConvergence } from './report.ts';
import { ATTENTION_EVERY, unsettleOrders } from './unsettle-orders.ts';

export interface ConvergenceOptions {
  orders: number;
  unsettled: number;
  rounds: number;
  database_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}

const databaseName = 'cashback_bench_convergence';
const tenThousandth = 10_000n;

/**
 * How far all orders are from their targets is one query. It reads the orders that are not settled, however many are:
 *
 *     fill settled orders -> raise the targets of a few -> per round: count all orders, count those few, the query -> its plans
 */
export async function runConvergence(options: ConvergenceOptions): Promise<ConvergenceReport> {
  const { orders, report, signal } = options;
  const unsettled = Math.min(options.unsettled, orders);
  const postgres = await openPostgres({ url: options.database_url, name: 'convergence', keep: false });
  try {
    const description = await describePostgres(postgres.url);
    const url = await createOrdersDatabase(postgres.url, databaseName);
    await fillOrders(url, { orders, form: 'random', report, signal });
    report(`raising the targets of ${unsettled.toLocaleString('en')} orders`);
    await withClient(url, (client) => unsettleOrders(client, unsettled));
    const rounds = await measureRounds(url, { ...options, unsettled });
    const plans = await withClient(url, (client) => readPlans(client, sumDifferencesStatement.text));
    return {
      machine: describeMachine(),
      postgres: description,
      ...summariseConvergence({ orders, unsettled, rounds, plans }),
    };
  } finally {
    await dropDatabase(postgres.url, databaseName).catch(() => {});
    await postgres.stop();
  }
}

/** Over one connection, as all rounds are to run the same prepared statement. */
async function measureRounds(
  url: string,
  { unsettled, rounds, report, signal }: ConvergenceOptions,
): Promise<ConvergenceRound[]> {
  const database = openDatabase({ url, application_name: 'bench', max_connections: 1 });
  const { pool } = database;
  const measured: ConvergenceRound[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      signal.throwIfAborted();
      const count_ms = await timeOf(() => pool.query('SELECT count(*) FROM cashback.order_clears'));
      const count_unsettled_ms = await timeOf(() => pool.query(countUnsettledText));
      const query_ms = await timeOf(async () => assertExact(await sumDifferences(pool, null), unsettled));
      measured.push({ count_ms, count_unsettled_ms, query_ms });
      report(
        `round ${round + 1} of ${rounds}: the query ${figure(query_ms)} ms, the count of all orders ${figure(count_ms)} ms`,
      );
    }
  } finally {
    await database.close();
  }
  return measured;
}

const countUnsettledText = `
  SELECT count(*) FROM (
    SELECT FROM cashback.order_clears WHERE settled_revision < revision AND attention IS NULL
    UNION ALL
    SELECT FROM cashback.order_clears WHERE attention IS NOT NULL
  ) AS standing`;

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Each order that is not settled lacks 1 for the user. */
function assertExact({ standing }: Awaited<ReturnType<typeof sumDifferences>>, unsettled: number): void {
  const inAttention = Math.floor(unsettled / ATTENTION_EVERY);
  for (const [needs_attention, expected] of [
    [false, unsettled - inAttention],
    [true, inAttention],
  ] as const) {
    const part = standing.filter((group) => group.needs_attention === needs_attention);
    const orders = part.reduce((sum, group) => sum + group.orders, 0);
    const sumOf = (source: string): bigint =>
      part.reduce((sum, { difference }) => sum + (difference[source] ?? 0n), 0n);
    if (
      orders !== expected ||
      sumOf('user') !== BigInt(expected) * tenThousandth ||
      sumOf('service') !== 0n
    ) {
      throw new Error(
        `${expected} orders, each lower by 1 for the user than its target, are reported as ${orders} orders with the differences ` +
          `${sumOf('user')} and ${sumOf('service')} ten-thousandths`,
      );
    }
  }
}
