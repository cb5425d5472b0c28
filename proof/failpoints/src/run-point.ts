import type { Fate } from '@cashback/proxies/failpoints';
import type { Violation } from '@cashback/invariants';
import type { Lab } from './lab.ts';
import { playScenario } from './play-scenario.ts';
import { type Point, describePoint } from './points.ts';

export interface PointResult {
  point: Point;
  /** False when this time nothing went that way. */
  reached: boolean;
  violations: Violation[];
  /** Why the order did not come to its end, if it did not. */
  error: string | null;
  seconds: number;
}

/** Plays the scenario, with one process killed at the point and started anew, or cut off there. */
export async function runPoint(lab: Lab, run: string, point: Point): Promise<PointResult> {
  const { by, name, nth, when, how } = point;
  const started = performance.now();
  let restarted: Promise<void> = Promise.resolve();
  const failpoint = lab.failpoints.set({
    by,
    name,
    nth,
    when,
    async act(): Promise<Fate> {
      if (how === 'killed') {
        await lab.kill(by);
        restarted = lab.startAnew(by);
        restarted.catch(() => {});
      }
      return 'reset';
    },
  });
  let violations: Violation[] = [];
  let error: string | null = null;
  try {
    violations = await playScenario(lab, run);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  failpoint.clear();
  // Not to be there again is a failure of its own.
  await restarted;
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { point, reached: failpoint.wasReached(), violations, error, seconds };
}

export function describeFailure(run: string, { point, violations, error }: PointResult): string[] {
  const where = `${describePoint(point)} (run ${run})`;
  return [
    ...(error === null ? [] : [`${where}: ${error}`]),
    ...violations.map((one) => `${where}: violation of ${one.invariant}, ${one.order_id}: ${one.detail}`),
  ];
}
