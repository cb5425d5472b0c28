import { withTransaction } from '@cashback/postgres';
import { waitUntil } from '@cashback/timing';
import type { Client } from 'pg';
import { readCpu } from '../../measure/process-cpu.ts';
import { residentMib } from '../../measure/resident-mib.ts';
import { median } from '../../measure/statistics.ts';
import { createIds } from '../../register/order-ids.ts';
import { untilSettled } from '../contenders/until-settled.ts';
import { type ChargeQueue, openChargeQueue, startWorker } from '../contenders/worker.ts';
import { benchOrder } from '../fill/bench-order.ts';
import { checkSettled } from '../fill/check-settled.ts';
import { PAST_ORDERS, renewOwnDatabase } from '../fill/own-database.ts';
import { writeOrders } from '../fill/write-orders.ts';
import type { SettleSetup } from '../settle/measure-settle.ts';
import { startStandInProcess } from '../upstream/stand-in-process.ts';

/** A tenth of the orders that wait. */
export interface Stretch {
  /** Orders settled by its end. */
  settled: number;
  orders_per_second: number;
  cpu_us: { process: number; postgres: number | null };
  /** Memory of the worker: the median and the highest sample. */
  resident_mib: number;
  max_mib: number;
}

const STRETCHES = 10;
/** Measures only while jobs wait: the last orders wait for their polls. */
const MEASURED_SHARE = 0.98;
const ordersPerTransaction = 10_000;
const interval_ms = 500;
/** The longest time in which no order settles. */
const timeout_ms = 120_000;

/**
 * Settles orders that wait before the worker starts, against a stand-in for `transactions` that answers at once: the
 * real one would bound every figure. Throws when an order was not settled with exactly one operation.
 */
export async function measureBacklog(setup: SettleSetup, { orders, report }: Backlog): Promise<Stretch[]> {
  await renewOwnDatabase(setup.database_url);
  const queue = await openChargeQueue(setup.database_url);
  try {
    await fillBacklog(setup, queue, { orders, report });
    return await settleBacklog(setup, queue, { orders, report });
  } finally {
    await queue.close();
  }
}

interface Backlog {
  orders: number;
  report: (what: string) => void;
}

async function fillBacklog(
  { own, signal }: SettleSetup,
  queue: ChargeQueue,
  { orders, report }: Backlog,
): Promise<void> {
  const nextId = createIds('random');
  for (let written = 0; written < orders;) {
    signal.throwIfAborted();
    const count = Math.min(ordersPerTransaction, orders - written);
    const some = Array.from({ length: count }, () => benchOrder(nextId()));
    await writeOrders(own.client, some);
    await withTransaction(queue.database, (tx) => queue.enqueue(some, tx));
    written += count;
    if (written % (orders / STRETCHES) === 0)
      report(`backlog: ${written.toLocaleString('en')} orders queued`);
  }
  await own.client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
  await own.client.query('CHECKPOINT');
}

async function settleBacklog(setup: SettleSetup, queue: ChargeQueue, backlog: Backlog): Promise<Stretch[]> {
  const { own, callbacks, signal } = setup;
  const url = `http://127.0.0.1:${callbacks.port}`;
  const upstream = await startStandInProcess({ url, secret: callbacks.secret });
  try {
    const worker = await startWorker({ ...setup, transactions: upstream });
    try {
      const stretches = await watch(setup, worker.pid, backlog);
      await untilSettled(queue.database, signal);
      await checkSettled(own.client, PAST_ORDERS + backlog.orders);
      return stretches;
    } finally {
      await worker.stop();
    }
  } finally {
    await upstream.stop();
  }
}

async function watch(
  { own, signal }: SettleSetup,
  pid: number,
  { orders, report }: Backlog,
): Promise<Stretch[]> {
  const stretches: Stretch[] = [];
  const usage = (): { process: number; postgres: number | null } => ({
    process: readCpu(pid)?.own_us ?? NaN,
    postgres: own.probe.cpu(),
  });
  const first = await countOutcomes(own.client);
  let from = { at: performance.now(), settled: 0, ...usage() };
  let memory: number[] = [];
  let settled = 0;
  const settlesMore = async (): Promise<boolean> => {
    signal.throwIfAborted();
    memory.push(residentMib(pid));
    const before = settled;
    settled = (await countOutcomes(own.client)) - first;
    return settled > before;
  };
  while (stretches.length < STRETCHES) {
    await waitUntil(`more than ${settled} of ${orders} orders settled`, settlesMore, {
      interval_ms,
      timeout_ms,
    });
    if (settled < (orders * MEASURED_SHARE * (stretches.length + 1)) / STRETCHES) continue;
    const at = performance.now();
    const now = { at, settled, ...usage() };
    const done = settled - from.settled;
    stretches.push({
      settled,
      orders_per_second: (done * 1_000) / (at - from.at),
      cpu_us: {
        process: (now.process - from.process) / done,
        postgres:
          now.postgres === null || from.postgres === null ? null : (now.postgres - from.postgres) / done,
      },
      resident_mib: median(memory),
      max_mib: Math.max(...memory),
    });
    report(`backlog: ${settled.toLocaleString('en')} of ${orders.toLocaleString('en')} orders settled`);
    from = now;
    memory = [];
  }
  return stretches;
}

/** From the statistics, at most a second old and without cost: a count would read the whole table. */
async function countOutcomes(client: Client): Promise<number> {
  const { rows } = await client.query<{ written: string }>(
    `SELECT n_tup_ins AS written FROM pg_stat_user_tables
     WHERE schemaname = 'cashback' AND relname = 'operation_outcomes'`,
  );
  return Number(rows[0]?.written);
}
