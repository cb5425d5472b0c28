import type { BalanceChangedCallback, TrustWallet } from '@cashback/wire';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

const CHECK_INTERVAL_MS = 3_600_000;
/** The user of every wallet. */
export const USER = 'user';

/** The wallet's callback of billing. The same balance under two ids shows that the inbox alone does not suffice. */
export function* takeBalance(world: World, callback: BalanceChangedCallback): Flow<true> {
  const { wallet_id, sequence, occurred_at: updated_at } = callback;
  return yield* atomically(`take balance ${wallet_id}@${sequence}`, () => {
    adoptBalance(world, { ...callback, updated_at }, 'callback');
    return true;
  });
}

/** What Trust answers is its newest balance, so nothing is missing before it. */
export function adoptBalance(
  { decisions, engine, tables }: World,
  { wallet_id, user_id = USER, currency, balance, sequence, updated_at: occurred_at }: TrustWallet,
  origin: 'callback' | 'check',
): void {
  const { decideAdoption, insertedBalance, updatedBalance } = decisions.wallet;
  const cached = tables.balances.get(wallet_id) ?? null;
  const decided = decideAdoption(cached, { wallet_id, user_id, currency, balance, sequence, occurred_at });
  if (decided === null) return;
  engine.note(`wallet: ${wallet_id} is at sequence ${sequence}`);
  const adopted = origin === 'check' ? { ...decided, has_gap: false } : decided;
  const row =
    cached === null
      ? insertedBalance(adopted, CHECK_INTERVAL_MS, engine.now())
      : updatedBalance(cached, adopted);
  tables.balances.set(wallet_id, row);
  tables.pushes.push(adopted.push);
}
