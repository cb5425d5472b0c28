import { parseAmount } from '@cashback/contract';
import { type Basket, type BasketInput, type TrustSettings, basketInput } from '@cashback/wire';
import { withTransaction } from '@cashback/postgres';
import { type HttpServer, route } from '@cashback/service';
import type { Context } from '../context.ts';
import { insertBasket, loadBasket } from '../db/baskets.ts';
import { endRequests } from '../db/due-requests.ts';
import { openWallet } from '../db/wallets.ts';
import { settleRequests } from '../settlement/settle-requests.ts';
import { assertSameBody } from './assert-same-body.ts';
import { withFaults } from './faults.ts';
import { positiveAmount } from './inputs.ts';
import { failedFor, keptRefusal } from './kept-refusals.ts';

/**
 * `POST /baskets`: tops up a wallet. A repeat with the same body is answered with the basket's current state. A refused
 * one is kept as failed.
 */
export function addCreateBasket(server: HttpServer, context: Context): void {
  route(server, {
    method: 'POST',
    path: '/baskets',
    scope: 'baskets',
    body: basketInput.extend({ amount: positiveAmount }),
    handler: ({ body, reply }) =>
      withFaults(context, reply, (settings) => createBasket(context, settings, body)),
  });
}

async function createBasket(context: Context, settings: TrustSettings, input: BasketInput): Promise<Basket> {
  const { basket_id, wallet_id, amount } = input;
  let moved = false;
  const basket = await withTransaction(context.database, async (tx) => {
    const { drizzle, client } = tx;
    const created = await insertBasket(drizzle, input);
    if (created) {
      const refusal = await openWallet(drizzle, input).then(() => null, keptRefusal);
      if (refusal !== null) {
        await endRequests(tx, [{ kind: 'topup', id: basket_id, ...failedFor(refusal) }]);
        return refusal;
      }
      if (settings.latency_ms === 0) {
        const due = { kind: 'topup' as const, id: basket_id, wallet_id, amount: parseAmount(amount) };
        moved = await settleRequests(tx, [due], settings, context.callbacks);
      }
    }
    const stored = await loadBasket(client, basket_id);
    if (!created) assertSameBody(`basket ${basket_id}`, stored, input);
    return stored;
  });
  if (basket instanceof Error) throw basket;
  if (moved) context.wakeCallbacks();
  return basket;
}
