import type { BalanceChangedCallback } from '@cashback/wire';
import type { BalanceReport } from '@cashback/wallet/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

const CHECK_INTERVAL_MS = 3_600_000;
/** The user of every wallet. */
export const USER = 'user';

/** The wallet's callback of billing. The same balance under two ids shows that the inbox alone does not suffice. */
export function* takeBalance(world: World, callback: BalanceChangedCallback): Flow<true> {
  const { wallet_id, sequence } = callback;
  return yield* atomically(`take balance ${wallet_id}@${sequence}`, () => {
    adoptBalance(world, callback, 'callback');
    return true;
  });
}

export function adoptBalance(
  { decisions, engine, tables }: World,
  report: BalanceReport,
  origin: 'callback' | 'check',
): void {
  const { adoptionOf, insertedBalance, updatedBalance } = decisions.wallet;
  const { wallet_id, sequence } = report;
  const cached = tables.balances.get(wallet_id) ?? null;
  const adopted = adoptionOf(cached, report, origin);
  if (adopted === null) return;
  engine.note(`wallet: ${wallet_id} is at sequence ${sequence}`);
  const row =
    cached === null
      ? insertedBalance(adopted, CHECK_INTERVAL_MS, engine.now())
      : updatedBalance(cached, adopted);
  tables.balances.set(wallet_id, row);
  tables.pushes.push({ ...adopted.push, origin });
}
