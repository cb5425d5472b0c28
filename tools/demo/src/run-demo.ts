import path from 'node:path';
import {
  CHECK_GROUPS,
  type Unsettled,
  type RunTables,
  checkInvariants,
  readTotals,
  selectOfRun,
} from '@cashback/invariants';
import { readInput } from './input.ts';
import {
  type DemoOrder,
  type FrontDoor,
  type Played,
  checkFrontDoor,
  openFrontDoor,
  openRunTables,
  payeeOf,
  playStories,
  settle,
  planStory,
  watchWallets,
} from '@cashback/scenario';
import { type AppName, freePortsOfAll, root, startSystem, type System } from '@cashback/system';
import { createKiller, setTrust } from './play/trouble.ts';
import type { Progress } from './report/progress.ts';
import type { Report } from './report/report.ts';

export interface DemoOptions {
  /** A CSV file of trips; without it orders are generated. */
  orders?: string;
  count?: number;
  seed: number;
  faults?: true;
  kill: readonly AppName[];
  database_url: string | undefined;
  /** Where the apps log. */
  work_folder: string;
  /** Prefix of every id of this run. */
  run: string;
  signal: AbortSignal;
}

/**
 * Starts the system, plays the orders, checks, hands the report to `use`, and stops the system:
 *
 *     read input -> start -> play stories -> settle -> check invariants -> report -> stop
 */
export async function runDemo<Result>(
  options: DemoOptions,
  progress: Progress,
  use: (outcome: { report: Report; system: System }) => Promise<Result>,
): Promise<Result> {
  const started = performance.now();
  const input = await readInput(options);
  await using running = new AsyncDisposableStack();
  const system = await startSystem({
    data_folder: path.join(root, '.data', 'demo', 'postgres'),
    work_folder: options.work_folder,
    database_url: options.database_url,
    ports: await freePortsOfAll(),
    report: progress.say,
  });
  running.use(system);
  running.defer(() => progress.say('stopping'));
  const outcome = await playAndCheck(options, input.orders, system, progress);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const report: Report = {
    run: options.run,
    orders: input.orders.length,
    rejected: input.rejected,
    ...outcome,
    seconds,
  };
  return await use({ report, system });
}

type Outcome = Omit<Report, 'run' | 'orders' | 'rejected' | 'seconds'>;

async function playAndCheck(
  options: DemoOptions,
  orders: readonly DemoOrder[],
  system: System,
  progress: Progress,
): Promise<Outcome> {
  const { run, signal } = options;
  await using open = new AsyncDisposableStack();
  const door = openFrontDoor(system);
  open.defer(() => door.close());
  const tables = openRunTables(system, run);
  open.defer(() => tables.sql.end());
  const watchers = watchWallets(system, new Set(orders.map((order) => payeeOf(run, order).wallet_id)));
  open.defer(() => watchers.close());
  try {
    await setTrust(door, options.faults === true);
    const { played, killed } = await playAll(options, orders, { door, system }, progress);
    const left = await settleAll(tables, orders.length, system, signal, progress);

    progress.begin('checking invariants', CHECK_GROUPS + 2);
    const violations = await checkInvariants(tables, progress.advance);
    violations.push(...(await checkFrontDoor(tables, door)));
    progress.advance(1);
    violations.push(...(await watchers.check(door)));
    progress.advance(1);
    return {
      settled: orders.length - left.orders,
      unsettled: left.orders,
      unsettled_orders: left.examples,
      played,
      killed,
      registers: await readRegisters(tables),
      totals: await readTotals(tables),
      pushes: await countPushes(tables),
      violations,
    };
  } catch (error) {
    throwIfCrashed(system);
    throw error;
  }
}

/** Plays every order's story, and kills apps at their share of the steps. */
async function playAll(
  { run, seed, kill, signal }: DemoOptions,
  orders: readonly DemoOrder[],
  { door, system }: { door: FrontDoor; system: System },
  progress: Progress,
): Promise<{ played: Played; killed: AppName[] }> {
  const stories = orders.map((order) => planStory(order, seed));
  const steps = stories.flatMap(({ rounds }) => rounds.flat()).length;
  progress.begin('playing orders', steps);
  const killer = createKiller(system, kill, steps);
  let done = 0;
  const played = await playStories(stories, {
    run,
    door,
    signal,
    progress(count) {
      done += count;
      progress.advance(count);
      killer.advance(done);
    },
  });
  await killer.finish();
  return { played, killed: killer.killed };
}

async function settleAll(
  tables: RunTables,
  orders: number,
  system: System,
  signal: AbortSignal,
  progress: Progress,
): Promise<Unsettled> {
  progress.begin('settling', orders);
  return settle(tables, {
    signal,
    progress(left) {
      throwIfCrashed(system);
      progress.reach(orders - left.orders);
    },
  });
}

async function readRegisters(tables: RunTables): Promise<Report['registers']> {
  const [row] = await selectOfRun<Record<keyof Report['registers'], string>>(
    tables,
    `SELECT coalesce(sum(registered), 0) AS registered, coalesce(sum(unchanged), 0) AS unchanged, coalesce(sum(stale), 0) AS stale
       FROM processing.invoice_changes WHERE order_id LIKE $1`,
  );
  return {
    registered: Number(row?.registered),
    unchanged: Number(row?.unchanged),
    stale: Number(row?.stale),
  };
}

async function countPushes(tables: RunTables): Promise<number> {
  const [row] = await selectOfRun<{ count: string }>(
    tables,
    'SELECT count(*) FROM wallet.pushes WHERE wallet_id LIKE $1 AND delivered_at IS NOT NULL',
  );
  return Number(row?.count);
}

function throwIfCrashed(system: System): void {
  const crashed = system.crashed();
  if (crashed.length > 0) throw new Error(`${crashed.join(', ')} ended by itself; its log says why`);
}
