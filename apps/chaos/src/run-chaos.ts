import { setTimeout as sleep } from 'node:timers/promises';
import {
  CALM,
  type FrontDoor,
  type Random,
  checkFrontDoor,
  generateOrders,
  openFrontDoor,
  openWorld,
  playStories,
  seededRandom,
  settle,
  tellStory,
} from '@cashback/demo/parts';
import { trustSettings } from '@cashback/contract';
import { HttpCallError } from '@cashback/service';
import { type Violation, type World, checkInvariants } from '@cashback/testing/invariants';
import { type Arena, openArena } from './arena.ts';
import { FAULTS } from './faults.ts';
import { giveAttention } from './give-attention.ts';

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

export interface ChaosReport {
  seed: number;
  minutes: number;
  orders: number;
  steps: number;
  /** How often each kind of fault took hold of something. */
  fired: Record<string, number>;
  /** Kinds that cannot happen here, and why. */
  skipped: Record<string, string>;
  /** Kinds that never took hold of anything: the run fails. */
  never_fired: string[];
  /** Orders that a person had to have tried again. */
  given_attention: number;
  unsettled: { order_id: string; detail: string }[];
  violations: Violation[];
  seconds: number;
}

const BATCH = 25;
const PAUSE_MS = 200;
const RETRIES = 60;
const BETWEEN_FAULTS_MS = 100;
const ATTENTION_ROUNDS = 5;

/** Load and faults for so many minutes, then none: everything drains, and everything is checked. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { minutes, seed, run, signal, say } = options;
  const started = performance.now();
  const arena = await openArena(options.work_folder, say);
  const door = withoutRefusedCallbacks(openFrontDoor(arena.system, RETRIES));
  const world = openWorld(arena.system, run);
  try {
    await setTrustCalm(door);
    const until = performance.now() + minutes * 60_000;
    const load = startLoad({ run, seed, door, signal });
    const context = { ...arena, door, random: seededRandom(seed, 0) };
    const fired = await fireFaults(context, until, options, load.throwIfFailed).finally(() => load.stop());
    say('nothing goes wrong any more');
    await arena.revivePostgres();
    await setTrustCalm(door);
    const { orders, steps } = await load.ended;

    const { left, given } = await drain(world, door, options);
    say('checking');
    const violations = await checkInvariants(world, () => {});
    violations.push(...(await checkFrontDoor(world, door)));
    const skipped = skippedFaults(arena);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    return {
      seed,
      minutes,
      orders,
      steps,
      fired,
      skipped,
      never_fired: Object.keys(fired).filter((name) => fired[name] === 0 && !(name in skipped)),
      given_attention: given,
      unsettled: left.examples,
      violations,
      seconds,
    };
  } finally {
    await Promise.all([door.close(), world.sql.end()]);
    await arena.stop();
  }
}

/** A receiver whose clock is off refuses a callback for its age: then it is lost, as others are. */
function withoutRefusedCallbacks(door: FrontDoor): FrontDoor {
  return {
    ...door,
    sendInvoiceChanged: (id, payload) =>
      door.sendInvoiceChanged(id, payload).catch((error: unknown) => {
        if (!(error instanceof HttpCallError) || error.outcome !== 'refused') throw error;
      }),
  };
}

async function setTrustCalm(door: FrontDoor): Promise<void> {
  await door.insist(() => door.trust.post('/settings', CALM, trustSettings));
}

/** Orders, a batch at a time, until it is stopped. */
function startLoad(options: { run: string; seed: number; door: FrontDoor; signal: AbortSignal }) {
  const { run, seed, door, signal } = options;
  let stopped = false;
  async function play(): Promise<{ orders: number; steps: number }> {
    let orders = 0;
    let steps = 0;
    while (!stopped) {
      const batch = generateOrders(BATCH, seed + orders).map((order) => ({
        ...order,
        number: order.number + orders,
      }));
      const stories = batch.map((order) => tellStory(order, seed));
      await playStories(stories, { run, door, signal, progress: (count) => (steps += count) });
      orders += batch.length;
      await sleep(PAUSE_MS, undefined, { signal });
    }
    return { orders, steps };
  }
  const ended = play();
  // Faults go on without load, and would say nothing: what ends it ends the run.
  let failure: unknown;
  ended.catch((error: unknown) => (failure = error));
  return {
    ended,
    throwIfFailed() {
      if (failure !== undefined) throw failure;
    },
    stop() {
      stopped = true;
    },
  };
}

/** Every kind once, in an order that the seed decides, and again for as long as there is time. */
async function fireFaults(
  context: Arena & { door: FrontDoor; random: Random },
  until: number,
  { only, signal, say }: ChaosOptions,
  throwIfFailed: () => void,
): Promise<Record<string, number>> {
  const { random } = context;
  const faults = FAULTS.filter(({ name }) => name.includes(only));
  const fired: Record<string, number> = Object.fromEntries(faults.map(({ name }) => [name, 0]));
  let round = 0;
  do {
    round += 1;
    for (const fault of shuffle(faults, random)) {
      signal.throwIfAborted();
      if (round > 1 && performance.now() > until) break;
      if ((fault.skipped?.(context) ?? null) !== null) continue;
      const count = await fault.fire(context);
      fired[fault.name] = (fired[fault.name] ?? 0) + count;
      say(`${fault.name}: ${count}`);
      throwIfFailed();
      await sleep(BETWEEN_FAULTS_MS);
    }
  } while (performance.now() < until);
  return fired;
}

function skippedFaults(arena: Arena): Record<string, string> {
  return Object.fromEntries(
    FAULTS.flatMap(({ name, skipped }) => {
      const why = skipped?.(arena) ?? null;
      return why === null ? [] : [[name, why]];
    }),
  );
}

/** Waits until all is settled. What needs a person's attention gets it, as often as faults may have brought it about. */
async function drain(world: World, door: FrontDoor, { signal, say }: ChaosOptions) {
  let given = 0;
  for (let round = 1; ; round += 1) {
    say('draining');
    const left = await settle(world, { signal, look: () => {}, patience_ms: 30_000 });
    if (left.orders + left.wallets === 0 || round > ATTENTION_ROUNDS) return { left, given };
    const resumed = await giveAttention(world, door);
    if (resumed === 0) return { left, given };
    given += resumed;
  }
}

function shuffle<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, at: random.integer(0, 1_000_000) }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
