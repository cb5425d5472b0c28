import type { Fate } from './wire/failpoints.ts';
import type { Violation } from '@cashback/invariants';
import type { Testbed } from './testbed.ts';
import { playScenario } from './play-scenario.ts';
import { type Point, describePoint } from './points.ts';

export interface PointResult {
  point: Point;
  /** False when this run did not have the effect. */
  reached: boolean;
  violations: Violation[];
  /** Why the order did not settle, if it did not. */
  error: string | null;
  seconds: number;
}

/** Plays the scenario. At the point one process is killed and restarted, or loses its connection. */
export async function runPoint(testbed: Testbed, run: string, point: Point): Promise<PointResult> {
  const { by, name, nth, when, how } = point;
  const started = performance.now();
  let restarted: Promise<void> = Promise.resolve();
  const failpoint = testbed.failpoints.set({
    by,
    name,
    nth,
    when,
    async act(): Promise<Fate> {
      if (how === 'killed') {
        await testbed.kill(by);
        restarted = testbed.restart(by);
        restarted.catch(() => {});
      }
      return 'reset';
    },
  });
  let violations: Violation[] = [];
  let error: string | null = null;
  try {
    violations = await playScenario(testbed, run);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  failpoint.clear();
  // A process that does not start again is a failure of its own.
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
