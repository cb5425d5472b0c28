import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** The worker's `POST /callbacks/operation` */
export function* hearOperation({ tables, charges }: World, orderId: string, operationId: string): Flow<true> {
  return yield* atomically(`hear that ${operationId} ended`, () => {
    if (tables.orders.get(orderId)?.operation_id === operationId) charges.enqueue(orderId, orderId);
    return true;
  });
}
