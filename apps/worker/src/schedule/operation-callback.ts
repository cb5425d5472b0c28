import { operationFinishedCallback } from '@cashback/wire';
import { receiveCallback } from '@cashback/service';
import type { HttpServer, Log } from '@cashback/service';
import type { Poller } from './poll-orders.ts';

/**
 * `POST /callbacks/operation`: an operation ended, so its order is looked at now rather than at its next poll. The
 * callback itself is believed nothing: what is not about an open operation of ours is ignored.
 */
export function receiveOperationCallback(
  server: HttpServer,
  { poller, log, secret }: { poller: Poller; log: Log; secret: string },
): void {
  receiveCallback(server, {
    path: '/callbacks/operation',
    secret,
    body: operationFinishedCallback,
    handler: async ({ body: { invoice_id: order_id, operation_id } }) => {
      log.debug({ order_id, operation_id }, 'callback received');
      poller.want({ order_id, operation_id });
    },
  });
}
