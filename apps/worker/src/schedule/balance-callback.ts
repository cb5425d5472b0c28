import { findWalletWaits, makeDue } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { type HttpServer, receiveCallback } from '@cashback/service';
import { balanceChangedCallback } from '@cashback/wire';
import type { WorkerContext } from '../context.ts';
import { inParts, unlocked } from './claim-orders.ts';
import { fillsWallet } from './fills-wallet.ts';

/** Most orders that one callback makes due. The next callback of the wallet reaches those behind them. */
const PAGE_SIZE = 100;

/**
 * `POST /callbacks/balance`: billing says that a wallet has money, so the orders that wait for it are attempted again
 * soon (`attemptDelay`). It is only a hint: what the wallet really has is shown by the attempt. An order that a lock keeps from
 * it, and one whose callback is lost, waits for its slow attempts.
 */
export function receiveBalanceCallback(
  server: HttpServer,
  { database, log }: Pick<WorkerContext, 'database' | 'log'>,
  secret: string,
): void {
  receiveCallback(server, {
    path: '/callbacks/balance',
    secret,
    body: balanceChangedCallback,
    handler: async ({ body }) => {
      if (!fillsWallet(body)) return;
      const { wallet_id } = body;
      const orderIds = await findWalletWaits(database.pool, { wallet_id, limit: PAGE_SIZE });
      if (orderIds.length === 0) return;
      const due = await unlocked(
        await inParts(orderIds, (part) => withTransaction(database, (tx) => makeDue(tx, part, 'balance'))),
      );
      log.info({ wallet_id, orders: due.length }, 'orders that wait for their wallet are attempted again');
    },
  });
}
