import { chargeKey, chargeQueue, hasOpenOperation } from '@cashback/cashback-db';
import { operationFinishedCallback } from '@cashback/contract';
import { receiveCallback } from '@cashback/service';
import type { HttpServer } from '@cashback/service';
import type { WorkerContext } from './context.ts';

/**
 * `POST /callbacks/operation`: an operation ended, so its order is looked at now rather than at its next poll. The
 * callback itself is believed nothing: what is not about an open operation of ours is ignored.
 */
export function receiveOperationCallback(
  server: HttpServer,
  { database, jobs, log }: WorkerContext,
  secret: string,
): void {
  receiveCallback(server, {
    path: '/callbacks/operation',
    secret,
    body: operationFinishedCallback,
    handler: async ({ body: { invoice_id: order_id, operation_id } }) => {
      const open = await hasOpenOperation(database.pool, order_id, operation_id);
      log.debug({ order_id, operation_id, open }, 'callback received');
      if (open) await jobs.enqueue(chargeQueue, [{ key: chargeKey(order_id), payload: { order_id } }]);
    },
  });
}
