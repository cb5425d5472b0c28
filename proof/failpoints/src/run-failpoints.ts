import { randomBytes } from 'node:crypto';
import { type Random, seededRandom } from '@cashback/scenario';
import type { Testbed } from './testbed.ts';
import { playScenario } from './play-scenario.ts';
import { type Point, describePoint, pointsOf } from './points.ts';
import { describeFailure, runPoint } from './run-point.ts';

export interface FailpointOptions {
  /** They share the points; each has a database of its own. */
  testbeds: readonly Testbed[];
  seed: number;
  /** How many of the points are visited; `seed` picks them. */
  max_points: number;
  /** Only points whose description contains it. */
  only: string;
  signal: AbortSignal;
  say(what: string): void;
}

export interface FailpointReport {
  /** The number of effects in one run without faults, by process. */
  effects: Record<string, number>;
  points: number;
  visited: number;
  /** Visited, but that run did not have the effect. */
  not_reached: string[];
  failures: string[];
  seconds: number;
}

/** Counts the effects of a run without faults, then visits points between them, each in a run of its own. */
export async function runFailpoints(options: FailpointOptions): Promise<FailpointReport> {
  const { testbeds, seed, max_points, only, signal, say } = options;
  const started = performance.now();
  const prefix = `f${Date.now().toString(36)}${randomBytes(2).toString('hex')}`;
  const failures: string[] = [];
  // The first run of each testbed also waits for the work that a start brings.
  for (const [number, testbed] of testbeds.entries()) await playScenario(testbed, `${prefix}-warm${number}`);
  const [first] = testbeds;
  if (first === undefined) throw new Error('expected at least one testbed');
  const stopListening = first.failpoints.listen();
  const violations = await playScenario(first, `${prefix}-calm`);
  const effects = stopListening().filter(({ changes }) => changes);
  if (violations.length > 0) {
    const found = violations.map(({ invariant, detail }) => `${invariant}: ${detail}`).join('; ');
    throw new Error(`without any fault: violation of ${found}`);
  }

  const points = pointsOf(effects).filter((point) => describePoint(point).includes(only));
  const chosen = shuffle(points, seededRandom(seed, 0)).slice(0, max_points);
  say(`${points.length} points, ${chosen.length} of them visited`);
  const not_reached: string[] = [];
  const left = [...chosen.entries()];
  async function visit(testbed: Testbed): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      signal.throwIfAborted();
      const [number, point] = next;
      const run = `${prefix}-${number}`;
      const result = await runPoint(testbed, run, point);
      if (!result.reached) not_reached.push(describePoint(point));
      const failed = describeFailure(run, result);
      failures.push(...failed);
      say(
        `${describePoint(point)}: ${failed[0] ?? (result.reached ? 'holds' : 'not reached')}, ${result.seconds} s`,
      );
    }
  }
  await Promise.all(testbeds.map(visit));
  return {
    effects: countBy(effects.map(({ by }) => by)),
    points: points.length,
    visited: chosen.length,
    not_reached,
    failures,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function shuffle(points: readonly Point[], random: Random): Point[] {
  return points
    .map((point) => ({ point, at: random.integer(0, 1_000_000) }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ point }) => point);
}
