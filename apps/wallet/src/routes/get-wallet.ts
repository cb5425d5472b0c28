import { z } from 'zod';
import { idField } from '@cashback/contract';
import { PaymentError } from '@cashback/wire';
import type { Database } from '@cashback/postgres';
import { type HttpServer, route } from '@cashback/service';
import { loadBalances } from '../db/load-balances.ts';

interface Context {
  database: Database;
  /** Puts the balance of a wallet that the cache lacks into it, if the payment system knows one. */
  findWallet: (walletId: string) => Promise<void>;
}

/** `GET /wallets/:id`: what the cache holds. */
export function addGetWallet(server: HttpServer, { database, findWallet }: Context): void {
  route(server, {
    method: 'GET',
    path: '/wallets/:id',
    scope: 'wallets',
    params: z.object({ id: idField }),
    handler: async ({ params: { id } }) => {
      const [balance] = await loadBalances(database.pool, [id]);
      if (balance !== undefined) return balance;
      await findWallet(id);
      const [found] = await loadBalances(database.pool, [id]);
      if (found !== undefined) return found;
      const message = `billing has not reported a balance of wallet ${id} yet`;
      throw new PaymentError('WALLET_NOT_FOUND', message, { wallet_id: id });
    },
  });
}
