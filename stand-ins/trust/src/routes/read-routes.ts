import { basketsQuery, refundsQuery, walletChangesQuery } from '@cashback/wire';
import { type HttpServer, route } from '@cashback/service';
import type { Context } from '../context.ts';
import { loadBasket } from '../db/baskets.ts';
import { listBaskets } from '../db/list-baskets.ts';
import { listRefunds } from '../db/list-refunds.ts';
import { listWalletChanges } from '../db/list-wallet-changes.ts';
import { loadRefund } from '../db/refunds.ts';
import { loadWalletBalance } from '../db/wallets.ts';
import { withFaults } from './faults.ts';
import { idParams } from './inputs.ts';

/** Reading baskets and refunds fails on demand as well; reading wallets never does. */
export function addReadRoutes(server: HttpServer, context: Context): void {
  const { drizzle, pool } = context.database;
  route(server, {
    method: 'GET',
    path: '/baskets',
    scope: 'baskets',
    query: basketsQuery,
    handler: ({ query, reply }) => withFaults(context, reply, () => listBaskets(pool, query)),
  });
  route(server, {
    method: 'GET',
    path: '/baskets/:id',
    scope: 'baskets',
    params: idParams,
    handler: ({ params, reply }) => withFaults(context, reply, () => loadBasket(pool, params.id)),
  });
  route(server, {
    method: 'GET',
    path: '/refunds',
    scope: 'baskets',
    query: refundsQuery,
    handler: ({ query, reply }) => withFaults(context, reply, () => listRefunds(pool, query)),
  });
  route(server, {
    method: 'GET',
    path: '/refunds/:id',
    scope: 'baskets',
    params: idParams,
    handler: ({ params, reply }) => withFaults(context, reply, () => loadRefund(drizzle, params.id)),
  });
  route(server, {
    method: 'GET',
    path: '/wallets',
    scope: 'wallets',
    query: walletChangesQuery,
    handler: ({ query }) => listWalletChanges(context.database, query),
  });
  route(server, {
    method: 'GET',
    path: '/wallets/:id',
    scope: 'wallets',
    params: idParams,
    handler: ({ params }) => loadWalletBalance(drizzle, params.id),
  });
}
