import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** The worker's `POST /callbacks/operation`: answered at once, and kept in the memory of the process only. */
export function* receiveOperationCallback(world: World, orderId: string, operationId: string): Flow<true> {
  return yield* atomically(`receive that ${operationId} ended`, () => {
    world.engine.spawn('worker', `poll ${orderId}`, world.poll(orderId, true));
    return true;
  });
}
