import { checkRest, isAtRest, isOwing, whatIsLeft } from './invariants/check-rest.ts';
import { checkStep } from './invariants/check-step.ts';
import { createWorld } from './create-world.ts';
import type { Choices } from './engine/choices.ts';
import { type Engine, createEngine } from './engine/engine.ts';
import { PROCESSES } from './engine/flow.ts';
import type { PlantedBug } from './planted-bugs.ts';
import type { Incident } from './incidents/incident.ts';
import { startIncident } from './incidents/start-incidents.ts';
import { playStory } from './shells/transactions/change-invoice.ts';
import type { Story } from './story.ts';
import { startSweeps } from './shells/sweeps.ts';
import { moveOtherMoney } from './shells/trust.ts';
import { Violation, must } from './invariants/violation.ts';
import type { World } from './world.ts';

export interface Outcome {
  /** Null when every invariant held. */
  violation: Violation | null;
  steps: number;
  fired: Engine['fired'];
}

export interface SimulationOptions {
  bug?: PlantedBug;
  /** What happens beside the faults. */
  incidents?: readonly Incident[];
  /** False: nothing is compared again after a time. */
  audits?: boolean;
  /** Receives a line for every event of the run. */
  trace?: (line: string) => void;
}

/** After this number of steps faults end, whether the stories have ended or not. */
const MAX_STEPS_WITH_FAULTS = 3_000;
const MAX_STEPS = 12_000;
/** Virtual time in which every order comes to rest, counted from the last disturbance. */
const MAX_MS_TO_REST = 3_600_000;
/** By then an order that waits for money is attempted at the longest distances, unless billing gives a hint. */
const OWING_MS = 1_200_000;
const MAX_MS_TO_PAY = 120_000;
/** More than all rewards. */
const ENOUGH = 10_000_000n;
/** An order goes back and forth between two amounts, or anywhere. */
const AMOUNTS = [
  ['50', '100'],
  ['50', '100', '0', '150.55', null],
] as const;
const MOST_CHANGES = 5;
/** The longest pauses between two changes. */
const PAUSES_MS = [0, 300, 3_000, 20_000, 60_000];

/** One run, decided by its choices alone: stories under faults, then none, until all is at rest. */
export function simulate(choices: Choices, options: SimulationOptions = {}): Outcome {
  let steps = 0;
  const engine = createEngine({
    choices,
    check: () => checkStep(world),
    trace: options.trace ?? null,
  });
  const world = createWorld(engine, options.bug ?? null);
  try {
    const incidents = options.incidents ?? [];
    const orderIds = startStories(world);
    for (const incident of incidents) startIncident(world, incident, orderIds);
    world.compares = incidents.length > 1;
    world.has_audits = options.audits ?? true;
    // An answer from before a foreign change states the version that is known, so it counts as fresh.
    world.audits_orders = world.has_audits && incidents.length > 0;
    startSweeps(world);
    for (; engine.advance() && steps < MAX_STEPS_WITH_FAULTS; steps += 1);
    engine.heal();
    world.disturbed_at = engine.now();
    steps += comeToRest(world, MAX_MS_TO_REST);
    if (isOwing(world)) steps += payDebts(world);
    return { violation: null, steps, fired: engine.fired };
  } catch (error) {
    const violation = error instanceof Violation ? error : new Violation(null, String(error));
    engine.note(describeViolation(violation));
    return { violation, steps, fired: engine.fired };
  }
}

/** Returns the number of steps. An order that waits for money is polled on and on, so it ends the run after a while. */
function comeToRest(world: World, most_ms: number): number {
  const { engine, disturbed_at } = world;
  let steps = 0;
  for (; engine.advance() || !isAtRest(world); steps += 1) {
    const waited_ms = engine.now() - disturbed_at;
    if (waited_ms > OWING_MS && isQuiet(world) && isOwing(world) && isAtRest(world)) break;
    if (steps <= MAX_STEPS && waited_ms <= most_ms) continue;
    const left = whatIsLeft(world);
    if (left === null) break;
    throw new Violation(1, `it does not come to rest: ${left}`);
  }
  checkRest(world);
  return steps;
}

/** No incident goes on, and every process runs. */
function isQuiet({ engine, incidents }: World): boolean {
  return incidents === 0 && PROCESSES.every((process) => engine.downMs(process) === 0);
}

/** Every wallet gets money, and billing says so: what was owed is taken soon. */
function payDebts(world: World): number {
  const { engine, tables } = world;
  // Billing's hint is about one wallet, and an order has one.
  const most_ms = world.payees.size > 0 ? MAX_MS_TO_REST : MAX_MS_TO_PAY;
  engine.note('every wallet gets money');
  world.disturbed_at = engine.now();
  for (const walletId of tables.trust_wallets.keys()) moveOtherMoney(world, walletId, ENOUGH);
  const steps = comeToRest(world, most_ms);
  must(1, !isOwing(world), () => 'the wallets have money, and orders wait for it');
  return steps;
}

export function describeViolation({ invariant, message }: Violation): string {
  return `VIOLATION of ${invariant === null ? 'an assertion' : `invariant ${invariant}`}: ${message}`;
}

/** Returns the orders. */
function startStories(world: World): string[] {
  const { choices } = world.engine;
  const pick = <Choice>(list: readonly Choice[]): Choice => list[choices.below(list.length)] as Choice;
  const orders = 1 + choices.below(2);
  const orderIds = Array.from({ length: orders }, (_, index) => `order-${index + 1}`);
  for (const order_id of orderIds) {
    const story: Story = {
      order_id,
      service: pick(['yellow', 'green']),
      wallet_id: `wallet-${1 + choices.below(2)}`,
      captured: [{ amount: '100', after_ms: 0 }],
    };
    const changes = choices.below(MOST_CHANGES + 1);
    const amounts = pick(AMOUNTS);
    for (let change = 1; change <= changes; change += 1) {
      const amount = pick<string | null>(amounts);
      story.captured.push({ amount, after_ms: choices.below(pick(PAUSES_MS) + 1) });
      if (amount === null) break;
    }
    world.stories.push(story);
    world.engine.spawn('client', `the story of ${order_id}`, playStory(world, story));
  }
  return orderIds;
}
