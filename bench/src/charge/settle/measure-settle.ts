import type { Client } from 'pg';
import type { PostgresProbe } from '../../database/postgres-probe.ts';
import { readMachineCpu } from '../../measure/machine-cpu.ts';
import { readCpu } from '../../measure/process-cpu.ts';
import { createIds } from '../../register/order-ids.ts';
import type { Contender, ContenderSetup } from '../contenders/contender.ts';
import { startContender } from '../contenders/start-contender.ts';
import { type BenchOrder, benchOrder } from '../fill/bench-order.ts';
import { checkRewarded, checkSettled } from '../fill/check-settled.ts';
import { PAST_ORDERS, renewOwnDatabase } from '../fill/own-database.ts';
import { writeInvoices, writeOrders } from '../fill/write-orders.ts';
import type { Way } from '../ways.ts';

/** One way, measured once. CPU in microseconds per order. */
export interface SettleMeasurement {
  orders_per_second: number;
  cpu_us: {
    /** Of its process. */
    process: number;
    /** Of its own Postgres; `null` where it is not visible from here. */
    postgres: number | null;
    /** Of its Redis. */
    redis: number;
    /** Of `transactions`, Trust and their Postgres. */
    upstream: number | null;
  };
  /** Cores that were busy with anything else. */
  other_cores: number | null;
}

export interface SettleSetup extends ContenderSetup {
  own: { client: Client; probe: PostgresProbe };
  /** Has no database when it is a stand-in. */
  upstream: { pids: readonly number[]; database: { client: Client; probe: PostgresProbe } | null };
}

/** The share of orders for the warm-up, which compiles code, prepares statements and opens connections. */
const warmUpShare = 0.3;

/**
 * Measures from the release of all jobs to the last settled order:
 *
 *   fresh database --> warm up --> fill, write jobs --> release --> all settled --> check both sides
 *
 * Throws when an order was not settled with exactly one operation on both sides.
 */
export async function measureSettle(
  way: Way,
  setup: SettleSetup,
  orders: number,
): Promise<SettleMeasurement> {
  await renewOwnDatabase(setup.database_url);
  const contender = await startContender[way](setup);
  try {
    const warmUp = await fill(setup, Math.ceil(orders * warmUpShare));
    await (await contender.prepare(warmUp)).begin();
    const measured = await fill(setup, orders);
    const { begin } = await contender.prepare(measured);
    await setup.own.client.query('CHECKPOINT');
    await setup.upstream.database?.client.query('CHECKPOINT');
    const before = await usage(contender, setup);
    await begin();
    const after = await usage(contender, setup);
    const all = [...warmUp, ...measured].map(({ order_id }) => order_id);
    if (way !== 'bare') await checkSettled(setup.own.client, PAST_ORDERS + all.length);
    if (setup.upstream.database !== null) await checkRewarded(setup.upstream.database.client, all);
    return toMeasurement(before, after, orders);
  } finally {
    await contender.stop();
  }
}

/** Writes new orders on both sides. */
async function fill(setup: SettleSetup, count: number): Promise<BenchOrder[]> {
  const nextId = createIds('random');
  const orders = Array.from({ length: count }, () => benchOrder(nextId()));
  await writeOrders(setup.own.client, orders);
  await setup.own.client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
  if (setup.upstream.database !== null) {
    const { client } = setup.upstream.database;
    await writeInvoices(client, orders);
    await client.query('VACUUM (ANALYZE) transactions.invoices');
  }
  return orders;
}

/** Warms the upstream: before its code is compiled and its tables have rows, it is several times slower. */
export async function warmUpstream(setup: SettleSetup, orders: number): Promise<void> {
  await measureSettle('bare', setup, orders);
  await setup.upstream.database?.client.query('VACUUM (ANALYZE)');
}

interface Usage {
  at: number;
  process: number;
  postgres: number | null;
  redis: number;
  upstream: number | null;
  bench: number;
  machine: number | null;
}

async function usage(contender: Contender, { own, upstream }: SettleSetup): Promise<Usage> {
  const redis = await contender.moreCpu();
  const upstreamPostgres = upstream.database === null ? 0 : upstream.database.probe.cpu();
  const ofApps = upstream.pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
  return {
    at: performance.now(),
    process: cpuOf(contender.pid),
    postgres: own.probe.cpu(),
    redis,
    upstream: upstreamPostgres === null ? null : upstreamPostgres + ofApps,
    bench: cpuOf(process.pid),
    machine: readMachineCpu(),
  };
}

function cpuOf(pid: number): number {
  const cpu = readCpu(pid);
  if (cpu === null) throw new Error(`process ${pid} ended during the measurement`);
  return cpu.own_us;
}

function toMeasurement(before: Usage, after: Usage, orders: number): SettleMeasurement {
  const ms = after.at - before.at;
  const used = (name: keyof Usage): number | null => {
    const [from, to] = [before[name], after[name]];
    return from === null || to === null ? null : to - from;
  };
  const perOrder = (name: keyof Usage): number | null => {
    const us = used(name);
    return us === null ? null : us / orders;
  };
  const known = (['process', 'postgres', 'redis', 'upstream', 'bench'] as const).map(used);
  const machine = used('machine');
  return {
    orders_per_second: (orders * 1_000) / ms,
    cpu_us: {
      process: perOrder('process') ?? NaN,
      postgres: perOrder('postgres'),
      redis: perOrder('redis') ?? NaN,
      upstream: perOrder('upstream'),
    },
    other_cores:
      machine === null || known.includes(null)
        ? null
        : Math.max(0, machine - known.reduce<number>((sum, us) => sum + (us ?? 0), 0)) / (ms * 1_000),
  };
}
