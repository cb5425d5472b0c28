import type { OrderView } from '@cashback/cashback-db';
import { CashbackError, type OrderOutput, formatAmount, formatValues } from '@cashback/contract';
import { type Flow, outside } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { loadTarget } from './load-target.ts';
import { type AppRelease, readBy, takeAppRelease } from './app-release.ts';

/** `order`: how the server shows the order's row. */
export function* showOrder(world: World, orderId: string): Flow<OrderOutput | CashbackError> {
  const appRelease = takeAppRelease(world);
  return yield* outside('read', () => {
    try {
      const now = new Date(world.engine.now());
      return world.decisions.server.shownOrder(orderId, findOrder(world, orderId, appRelease), now);
    } catch (error) {
      if (error instanceof CashbackError) return error;
      throw error;
    }
  });
}

/** Without operations and reports, which no caller here reads. The tables have no times of a row either. */
function findOrder(world: World, orderId: string, appRelease: AppRelease): OrderView | undefined {
  const row = world.tables.orders.get(orderId);
  if (row === undefined) return undefined;
  return {
    order_id: row.order_id,
    service: row.service,
    user_id: row.user_id,
    wallet_id: row.wallet_id,
    currency: row.currency,
    invoice_epoch: row.invoice_epoch,
    invoice_version: row.invoice_version,
    revision: row.revision,
    settled_revision: row.settled_revision,
    rewarded: row.rewarded,
    attention: row.attention,
    attention_code: row.attention_code,
    attention_since: row.attention_since === null ? null : new Date(row.attention_since),
    attention_details: row.attention_details as OrderView['attention_details'],
    cleared_sum: formatAmount(row.cleared_sum),
    cashback_sum: formatAmount(row.cashback_sum),
    receipt: row.receipt as OrderView['receipt'],
    target: readBy(appRelease, formatValues(loadTarget(world, orderId))),
    operations: [],
    reported: [],
    created_at: new Date(0),
    updated_at: new Date(0),
  };
}
