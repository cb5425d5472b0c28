import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** The worker's `POST /callbacks/operation`: it is answered at once, and forgotten with the process. */
export function* hearOperation(world: World, orderId: string, operationId: string): Flow<true> {
  return yield* atomically(`hear that ${operationId} ended`, () => {
    world.engine.spawn('worker', `poll ${orderId}`, world.poll(orderId, operationId));
    return true;
  });
}
