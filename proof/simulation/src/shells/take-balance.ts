import type { BalanceChangedCallback } from '@cashback/wire';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

const CHECK_INTERVAL_MS = 3_600_000;

/** The wallet's callback of billing. The same balance under two ids shows that the inbox alone does not suffice. */
export function* takeBalance(
  { decisions, engine, tables }: World,
  callback: BalanceChangedCallback,
): Flow<true> {
  const { wallet_id, sequence } = callback;
  return yield* atomically(`take balance ${wallet_id}@${sequence}`, () => {
    const { decideAdoption, insertedBalance, updatedBalance } = decisions.wallet;
    const cached = tables.balances.get(wallet_id) ?? null;
    const adopted = decideAdoption(cached, callback);
    if (adopted === null) return true;
    engine.note(`wallet: ${wallet_id} is at sequence ${sequence}`);
    const row =
      cached === null
        ? insertedBalance(adopted, CHECK_INTERVAL_MS, engine.now())
        : updatedBalance(cached, adopted);
    tables.balances.set(wallet_id, row);
    tables.pushes.push(adopted.push);
    return true;
  });
}
