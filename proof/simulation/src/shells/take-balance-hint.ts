import type { TrustWallet } from '@cashback/wire';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';

/** The worker's `POST /callbacks/balance`. */
export function* takeBalanceHint(
  world: World,
  wallet: Pick<TrustWallet, 'wallet_id' | 'balance'>,
): Flow<true> {
  const { engine, tables, decisions } = world;
  const { dueTimes, fillsWallet, waitsForWallet } = decisions.worker;
  return yield* atomically(`take the hint of ${wallet.wallet_id}`, () => {
    if (!fillsWallet(wallet)) return true;
    for (const row of tables.orders.values()) {
      if (!waitsForWallet(row, wallet.wallet_id)) continue;
      engine.note(`worker: ${row.order_id} is due, as its wallet has money`);
      applyTimes(world, row, dueTimes(row, 'balance', engine.now()));
    }
    return true;
  });
}
