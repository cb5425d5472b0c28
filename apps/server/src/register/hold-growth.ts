import { countGrowth, discountGrowth, holdOrders } from '@cashback/cashback-db';
import type { Transaction } from '@cashback/postgres';
import { type Growing, decideHolds } from './decide-holds.ts';

/**
 * Holds the registered targets that take their service beyond its bound. The growth is counted in the transaction that
 * registers, under the lock of its window: run it last, as the next transaction of the service waits for this one then.
 */
export async function holdGrowth(tx: Transaction, growing: readonly Growing[]): Promise<void> {
  const { held, discounts } = decideHolds(growing, await countGrowth(tx, growing));
  await discountGrowth(tx, discounts);
  await holdOrders(tx, held);
}
