import { type Flow, outside, sleep } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { type AppRelease, THIS_RELEASE } from '../shells/app-release.ts';

const BEGINS_WITHIN_MS = [1, 5_000, 60_000];
/** As long as a deployment takes, or so long that orders need attention meanwhile. */
const LASTS_MS = [20_000, 120_000, 1_200_000];
const RESTART_MS = 2_000;

/** Workers and servers of an older release run beside those of this one, until this one runs everywhere. */
export function* runOlderRelease(world: World, unknown: keyof AppRelease): Flow<void> {
  const { engine } = world;
  const { choices } = engine;
  const pick = (list: readonly number[]): number => list[choices.below(list.length)] ?? 0;
  yield* sleep(choices.below(pick(BEGINS_WITHIN_MS)));
  yield* outside('an older release begins to run', () => {
    engine.note('an older release runs, too');
    world.older_release = { ...(world.older_release ?? THIS_RELEASE), [unknown]: false };
    if (unknown === 'columns') world.lacks_columns = true;
    restart(world);
  });
  yield* sleep(pick(LASTS_MS));
  yield* outside('the older release runs no more', () => {
    engine.note('this release runs everywhere');
    world.older_release = null;
    restart(world);
  });
}

function restart({ engine }: World): void {
  for (const process of ['worker', 'second_worker', 'server'] as const) engine.restart(process, RESTART_MS);
}
