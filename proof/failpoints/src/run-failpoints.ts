import { randomBytes } from 'node:crypto';
import { type Random, seededRandom } from '@cashback/scenario';
import type { Lab } from './lab.ts';
import { playScenario } from './play-scenario.ts';
import { type Point, describePoint, pointsOf } from './points.ts';
import { describeFailure, runPoint } from './run-point.ts';

export interface FailpointOptions {
  /** The points are shared out among them; each has a database of its own. */
  labs: readonly Lab[];
  seed: number;
  /** How many of the points are visited; `seed` picks them. */
  most: number;
  /** Only points whose description contains it. */
  only: string;
  signal: AbortSignal;
  say(what: string): void;
}

export interface FailpointReport {
  /** Of one run without faults, by process. */
  effects: Record<string, number>;
  points: number;
  visited: number;
  /** Visited, but this time nothing went that way. */
  not_reached: string[];
  failures: string[];
  seconds: number;
}

/** Counts the effects of a run without faults, then visits points between them, each in a run of its own. */
export async function runFailpoints(options: FailpointOptions): Promise<FailpointReport> {
  const { labs, seed, most, only, signal, say } = options;
  const started = performance.now();
  const prefix = `f${Date.now().toString(36)}${randomBytes(2).toString('hex')}`;
  const failures: string[] = [];
  // The first run of each also waits for what the start brings with it.
  for (const [number, lab] of labs.entries()) await playScenario(lab, `${prefix}-warm${number}`);
  const [first] = labs;
  if (first === undefined) throw new Error('expected at least one lab');
  const ended = first.failpoints.listen();
  const violations = await playScenario(first, `${prefix}-calm`);
  const heard = ended().filter(({ changes }) => changes);
  if (violations.length > 0) {
    const found = violations.map(({ invariant, detail }) => `${invariant}: ${detail}`).join('; ');
    throw new Error(`without any fault: violation of ${found}`);
  }

  const points = pointsOf(heard).filter((point) => describePoint(point).includes(only));
  const chosen = shuffle(points, seededRandom(seed, 0)).slice(0, most);
  say(`${points.length} points, ${chosen.length} of them visited`);
  const not_reached: string[] = [];
  const left = [...chosen.entries()];
  async function visit(lab: Lab): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      signal.throwIfAborted();
      const [number, point] = next;
      const run = `${prefix}-${number}`;
      const result = await runPoint(lab, run, point);
      if (!result.reached) not_reached.push(describePoint(point));
      const failed = describeFailure(run, result);
      failures.push(...failed);
      say(
        `${describePoint(point)}: ${failed[0] ?? (result.reached ? 'holds' : 'not reached')}, ${result.seconds} s`,
      );
    }
  }
  await Promise.all(labs.map(visit));
  return {
    effects: countBy(heard.map(({ by }) => by)),
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
