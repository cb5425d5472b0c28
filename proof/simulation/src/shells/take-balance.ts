import { parseBalance } from '@cashback/contract/amount';
import type { BalanceChangedCallback } from '@cashback/wire';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** The wallet's callback of billing. The same balance under two ids shows that the inbox alone does not suffice. */
export function* takeBalance(
  { decisions, engine, tables }: World,
  callback: BalanceChangedCallback,
): Flow<true> {
  const { wallet_id, sequence } = callback;
  return yield* atomically(`take balance ${wallet_id}@${sequence}`, () => {
    const adopted = decisions.wallet.decideAdoption(tables.balances.get(wallet_id) ?? null, callback);
    if (adopted === null) return true;
    engine.note(`wallet: ${wallet_id} is at sequence ${sequence}`);
    const { balance, push } = adopted;
    tables.balances.set(wallet_id, {
      epoch: balance.epoch,
      sequence: balance.sequence,
      balance: parseBalance(balance.balance),
    });
    tables.pushes.push({ wallet_id, sequence: push.sequence });
    return true;
  });
}
