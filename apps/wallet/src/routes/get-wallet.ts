import { z } from 'zod';
import { CashbackError, idField } from '@cashback/contract';
import type { Database } from '@cashback/postgres';
import { type HttpServer, route } from '@cashback/service';
import { loadBalances } from '../db/load-balances.ts';

/** `GET /wallets/:id`: what the cache holds. */
export function addGetWallet(server: HttpServer, { drizzle }: Database): void {
  route(server, {
    method: 'GET',
    path: '/wallets/:id',
    scope: 'wallets',
    params: z.object({ id: idField }),
    handler: async ({ params: { id } }) => {
      const [balance] = await loadBalances(drizzle, [id]);
      if (balance !== undefined) return balance;
      const message = `billing has not reported a balance of wallet ${id} yet`;
      throw new CashbackError('WALLET_NOT_FOUND', message, { wallet_id: id });
    },
  });
}
