import {
  CALM,
  checkFrontDoor,
  type FrontDoor,
  openFrontDoor,
  openWorld,
  watchWallets,
} from '@cashback/scenario';
import { trustSettings } from '@cashback/wire';
import { type Violation, type World, checkInvariants, readOrderHistory } from '@cashback/invariants';
import { type Arena, openArena } from './arena.ts';
import { drain } from './drain.ts';
import { FAULTS } from './faults/index.ts';
import { fireFaults } from './fire-faults.ts';
import { checkContention } from './load/check-contention.ts';
import { readContended, startContention } from './load/contend.ts';
import { startLoad } from './load/play-load.ts';
import { checkAcknowledged, watchFrontDoor } from './load/watch-front-door.ts';
import type { ChaosReport } from './report.ts';

export interface ChaosOptions {
  minutes: number;
  seed: number;
  /** Faults whose name contains it. */
  only: string;
  work_folder: string;
  run: string;
  signal: AbortSignal;
  say(what: string): void;
}

/** As often as a call may meet a fault before it is answered. */
const RETRIES = 100;
/** Wallets whose pushes are listened to. */
const LISTENED_WALLETS = 20;
const TOLD_HISTORIES = 3;

/** Load and faults for so many minutes, then none: everything drains, and everything is checked. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { minutes, seed, run, signal, say } = options;
  const started = performance.now();
  const faults = FAULTS.filter(({ name }) => name.includes(options.only));
  const arena = await openArena(options.work_folder, say);
  const front = {
    ...arena.system,
    urls: { ...arena.system.urls, transactions: arena.roads['client>transactions'].url },
  };
  const { door, acknowledged } = watchFrontDoor(openFrontDoor(front, RETRIES));
  const shop = openWorld(arena.system, run);
  const contended: World = { ...shop, run: `${run}c` };
  const listened = Array.from({ length: LISTENED_WALLETS }, (_, user) => `${run}-wallet-${user}`);
  const watchers = watchWallets(arena.system, new Set(listened));
  try {
    await setTrustCalm(door);
    const load = startLoad({ run, seed, door, signal });
    const contention = startContention({
      run: contended.run,
      seed,
      door,
      server_url: arena.roads['client>server'].url,
      token: arena.system.credentials.token('demo>server'),
    });
    const throwIfFailed = (): void => {
      load.throwIfFailed();
      contention.throwIfFailed();
    };
    say(`${faults.length} kinds of fault for ${minutes} minutes`);
    const fired = await fireFaults(
      { ...arena, door, run },
      { faults, seed, minutes, signal, say, throwIfFailed },
    ).finally(() => {
      load.stop();
      contention.stop();
    });
    say('nothing goes wrong any more');
    await heal(arena, door);
    const [{ orders, steps }, calls] = await Promise.all([load.ended, contention.ended]);
    say(`draining: ${orders} orders, ${calls.length} calls for contended orders`);
    const { unsettled, given } = await drain([shop, contended], door, { signal });

    say('checking');
    const crashed = arena.system.crashed();
    const history = checkContention(calls, await readContended(calls, door));
    const violations = [
      ...(await checkInvariants(shop, () => {})),
      ...(await checkFrontDoor(shop, door)),
      ...(await checkAcknowledged(shop, acknowledged)),
      ...(await watchers.check(door)),
      // Nobody calculated the targets of contended orders.
      ...(await checkInvariants(contended, () => {})).filter(({ invariant }) => invariant !== 0),
      ...(await checkFrontDoor(contended, door)),
      ...(await checkAcknowledged(contended, acknowledged)),
      ...history.violations,
    ];
    return {
      seed,
      minutes,
      orders,
      steps,
      contended_calls: calls.length,
      unanswered_calls: calls.filter(({ answer }) => answer === null).length,
      crashed,
      undecided_histories: history.undecided,
      fired,
      skipped: Object.fromEntries(
        faults.flatMap(({ name, skipped }) => {
          const why = skipped?.(arena) ?? null;
          return why === null ? [] : [[name, why]];
        }),
      ),
      given_attention: given,
      unsettled,
      violations,
      histories: await readHistories(shop, [...violations, ...unsettled]),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
  } finally {
    watchers.close();
    await Promise.all([door.close(), shop.sql.end()]);
    await arena.stop();
  }
}

async function heal(arena: Arena, door: FrontDoor): Promise<void> {
  for (const road of Object.values(arena.roads)) road.setFault(null);
  for (const database of Object.values(arena.databases)) database.setFault(null);
  arena.disk?.free();
  await arena.revivePostgres();
  await setTrustCalm(door);
}

async function setTrustCalm(door: FrontDoor): Promise<void> {
  await door.insist(() => door.trust.post('/settings', CALM, trustSettings));
}

/** Of the first few orders that something is wrong with. */
async function readHistories(
  world: World,
  found: readonly (Violation | { order_id: string })[],
): Promise<ChaosReport['histories']> {
  const orderIds = [...new Set(found.map(({ order_id }) => order_id))].filter((orderId) => orderId !== '');
  const histories: ChaosReport['histories'] = [];
  for (const order_id of orderIds.slice(0, TOLD_HISTORIES)) {
    histories.push({ order_id, lines: await readOrderHistory(world, order_id) });
  }
  return histories;
}
