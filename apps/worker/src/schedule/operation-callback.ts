import { receiveCallback } from '@cashback/service';
import type { HttpServer, Log } from '@cashback/service';
import { operationFinishedCallback } from '@cashback/wire';
import type { Schedule } from './schedule.ts';

/**
 * `POST /callbacks/operation`: an operation is said to have ended, so its order is polled now. A callback is only a
 * hint and never trusted: the poll asks `transactions`. It does not matter whose operation it is, nor what is known of it.
 */
export function receiveOperationCallback(
  server: HttpServer,
  { schedule, log, secret }: { schedule: Pick<Schedule, 'requestPoll'>; log: Log; secret: string },
): void {
  receiveCallback(server, {
    path: '/callbacks/operation',
    secret,
    body: operationFinishedCallback,
    handler: async ({ body: { invoice_id: order_id, operation_id } }) => {
      log.debug({ order_id, operation_id }, 'callback received');
      schedule.requestPoll(order_id);
    },
  });
}
