import { countGrowth, discountGrowth, holdOrders } from '@cashback/cashback-db';
import type { Transaction } from '@cashback/postgres';
import type { DecidedCall } from './decide-call.ts';
import { type BreakerBounds, decideHolds, growingOf } from './decide-holds.ts';

/**
 * Holds the registered targets that take their service beyond its bound. The growth is counted in the transaction that
 * registers, under the lock of its window: run it last, as the next transaction of the service waits for this one then.
 */
export async function holdGrowth(
  tx: Transaction,
  decided: readonly DecidedCall[],
  bounds: BreakerBounds,
): Promise<void> {
  const growing = growingOf(decided, bounds);
  const { held, discounts } = decideHolds(growing, await countGrowth(tx, growing));
  await discountGrowth(tx, discounts);
  await holdOrders(tx, held);
}
