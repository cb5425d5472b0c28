import {
  CALM,
  checkFrontDoor,
  type FrontDoor,
  openFrontDoor,
  openRunTables,
  type Watchers,
  watchWallets,
} from '@cashback/scenario';
import { trustSettings } from '@cashback/wire';
import { type Violation, type RunTables, checkInvariants, readOrderHistory } from '@cashback/invariants';
import { type Testbed, startTestbed } from './testbed.ts';
import { checkAtRest, drain } from './drain.ts';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults/index.ts';
import { excuse, forgottenBy } from './excuse.ts';
import { fireFaults } from './fire-faults.ts';
import { type Interventions, createInterventions } from './interventions.ts';
import { checkContention } from './load/check-contention.ts';
import { type Contention, readContended, startContention } from './load/contend.ts';
import { watchAttention } from './load/watch-attention.ts';
import { watchConvergence } from './load/watch-convergence.ts';
import { startLoad } from './load/play-load.ts';
import {
  type Acknowledged,
  type WatchedDoor,
  checkAcknowledged,
  watchFrontDoor,
} from './load/watch-front-door.ts';
import type { ChaosReport } from './report.ts';

export interface ChaosOptions {
  minutes: number;
  seed: number;
  /** Only faults whose name contains it. */
  only: string;
  work_folder: string;
  run: string;
  signal: AbortSignal;
  say(what: string): void;
}

/** Enough for a call to outlast every fault. */
const RETRIES = 100;
/** Wallets whose pushes are listened to. */
const WATCHED_WALLETS = 20;
const MAX_HISTORIES = 3;

/**
 * Load and faults for `minutes`, then none. Everything drains, and everything is checked:
 *
 *     start -> load + contention + faults + snapshots -> heal -> drain -> check -> report
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { minutes, seed, run, signal, say } = options;
  const started = performance.now();
  const faults = FAULTS.filter(({ name }) => name.includes(options.only));
  await using running = new AsyncDisposableStack();
  const testbed = running.use(await startTestbed(options.work_folder, say));
  const interventions = createInterventions();
  const players = openPlayers(testbed, run, interventions, running);
  const { door, shop, contended } = players;

  await setTrustCalm(door);
  const convergence = watchConvergence(shop);
  running.defer(() => void convergence.stop());
  const attention = watchAttention([shop, contended]);
  running.defer(() => void attention.stop());
  const { fired, orders, steps, calls } = await playUnderFaults(
    testbed,
    { ...players, interventions },
    faults,
    options,
  );
  say(`draining: ${orders} orders, ${calls.length} calls for contended orders`);
  const { unsettled, checked } = await checkAtRest(
    () => drain([shop, contended], { signal }),
    async () => {
      say('checking');
      const found = await check(players, calls, interventions);
      return { ...found, violations: excuse(found.violations, interventions) };
    },
  );
  const watched = await convergence.stop();
  say(`checked, and ${watched.snapshots} snapshots under load`);
  const violations = [...checked.violations, ...watched.violations];
  return {
    seed,
    minutes,
    orders,
    steps,
    contended_calls: calls.length,
    unanswered_calls: calls.filter(({ answer }) => answer === null).length,
    crashed: testbed.system.crashed(),
    undecided_histories: checked.undecided,
    fired,
    skipped: Object.fromEntries(
      faults.flatMap(({ name, skipped }) => {
        const why = skipped?.(testbed) ?? null;
        return why === null ? [] : [[name, why]];
      }),
    ),
    needed_attention: await attention.stop(),
    unsettled,
    violations,
    histories: await readHistories(shop, [...violations, ...unsettled]),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

/** What plays and checks from outside: the shop's front door, its listeners, and the tables of its orders. */
interface Players {
  door: FrontDoor;
  acknowledged: Acknowledged;
  restate: WatchedDoor['restate'];
  watchers: Watchers;
  /** The shop's orders. */
  shop: RunTables;
  /** Orders that several clients register at the same time. */
  contended: RunTables;
}

function openPlayers(
  testbed: Testbed,
  run: string,
  interventions: Interventions,
  running: AsyncDisposableStack,
): Players {
  const { system, links } = testbed;
  const urls = { ...system.urls, transactions: links['client>transactions'].url };
  const { door, acknowledged, restate } = watchFrontDoor(
    openFrontDoor({ ...system, urls }, RETRIES),
    interventions,
  );
  running.defer(() => door.close());
  const shop = openRunTables(system, run, testbed.checker_url);
  running.defer(() => shop.sql.end());
  const wallets = Array.from({ length: WATCHED_WALLETS }, (_, user) => `${run}-wallet-${user}`);
  const watchers = watchWallets(system, new Set(wallets));
  running.defer(() => watchers.close());
  return { door, acknowledged, restate, watchers, shop, contended: { ...shop, run: `${run}c` } };
}

async function playUnderFaults(
  testbed: Testbed,
  { door, contended, restate, interventions }: Players & { interventions: Interventions },
  faults: readonly Fault[],
  { run, seed, minutes, signal, say }: ChaosOptions,
) {
  const load = startLoad({ run, seed, door, signal });
  const contention = startContention({
    run: contended.run,
    seed,
    door,
    server_url: testbed.links['client>server'].url,
    token: testbed.system.credentials.token('demo>server'),
  });
  const throwIfFailed = (): void => {
    load.throwIfFailed();
    contention.throwIfFailed();
  };
  testbed.backups.begin();
  say(`${faults.length} kinds of fault for ${minutes} minutes`);
  const fired = await fireFaults(
    {
      ...testbed,
      door,
      run,
      interventions,
      playMore: load.playMore,
      restate: async (side, { since, orders }) => {
        await restate(side, since);
        if (side === 'server') await contention.restate(orders);
      },
    },
    { faults, seed, minutes, signal, say, throwIfFailed },
  ).finally(() => {
    load.stop();
    contention.stop();
  });
  say('no more faults');
  await heal(testbed, door);
  const [{ orders, steps }, calls] = await Promise.all([load.ended, contention.ended]);
  return { fired, orders, steps, calls };
}

async function check(
  { door, acknowledged, watchers, shop, contended }: Players,
  calls: Awaited<Contention['ended']>,
  interventions: Interventions,
): Promise<{ violations: Violation[]; undecided: string[] }> {
  const history = checkContention(
    calls,
    await readContended(calls, door),
    forgottenBy(interventions.restores),
  );
  const violations = [
    ...(await checkInvariants(shop, () => {})),
    ...(await checkFrontDoor(shop, door)),
    ...(await checkAcknowledged(shop, acknowledged)),
    ...(await watchers.check(door)),
    // The targets of contended orders are made up, not calculated.
    ...(await checkInvariants(contended, () => {})).filter(({ invariant }) => invariant !== 0),
    ...(await checkFrontDoor(contended, door)),
    ...(await checkAcknowledged(contended, acknowledged)),
    ...history.violations,
  ];
  return { violations, undecided: history.undecided };
}

async function heal(testbed: Testbed, door: FrontDoor): Promise<void> {
  for (const link of Object.values(testbed.links)) link.setFault(null);
  for (const database of Object.values(testbed.databases)) database.setFault(null);
  testbed.disk?.free();
  await testbed.revivePostgres();
  await setTrustCalm(door);
}

async function setTrustCalm(door: FrontDoor): Promise<void> {
  await door.retryUntilAnswered(() => door.trust.post('/settings', CALM, trustSettings));
}

/** The histories of the first few orders with a problem. */
async function readHistories(
  tables: RunTables,
  found: readonly (Violation | { order_id: string })[],
): Promise<ChaosReport['histories']> {
  const orderIds = [...new Set(found.map(({ order_id }) => order_id))].filter((orderId) => orderId !== '');
  const histories: ChaosReport['histories'] = [];
  for (const order_id of orderIds.slice(0, MAX_HISTORIES)) {
    histories.push({ order_id, lines: await readOrderHistory(tables, order_id) });
  }
  return histories;
}
