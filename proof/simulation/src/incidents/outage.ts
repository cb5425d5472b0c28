import type { ProcessName } from '../engine/flow.ts';
import { type Flow, outside, sleep } from '../engine/flow.ts';
import type { World } from '../world.ts';

const DOWN: readonly ProcessName[] = ['transactions', 'server', 'worker', 'processing', 'wallet'];
const BEGINS_WITHIN_MS = [100, 5_000, 60_000];
/** Longer than the time after which an order needs attention, and than each lease and retry. */
const LASTS_MS = [60_000, 1_200_000, 2_400_000];
const RESTARTED: readonly ProcessName[] = ['worker', 'processing', 'server'];
const MOST_RESTARTS = 3;
const RESTART_MS = 2_000;

/** A process does not run, and others restart meanwhile: no time without answers may count against an order. */
export function* breakDown(world: World): Flow<void> {
  const { engine } = world;
  const { choices } = engine;
  const pick = <Choice>(list: readonly Choice[]): Choice => list[choices.below(list.length)] as Choice;
  const down = pick(DOWN);
  const lasts_ms = pick(LASTS_MS);
  yield* sleep(choices.below(pick(BEGINS_WITHIN_MS) + 1));
  yield* outside(`${down} breaks down`, () => {
    engine.note(`${down} does not run for ${lasts_ms / 1_000} s`);
    engine.restart(down, lasts_ms);
  });
  const restarts = choices.below(MOST_RESTARTS + 1);
  for (let count = 0; count < restarts; count += 1) {
    yield* sleep(choices.below(Math.floor(lasts_ms / MOST_RESTARTS)));
    const process = pick(RESTARTED);
    yield* outside(`${process} is restarted`, () => engine.restart(process, RESTART_MS));
  }
}
