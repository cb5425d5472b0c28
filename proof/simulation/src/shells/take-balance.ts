import type { Amount } from '@cashback/contract/amount';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** The wallet's callback of billing: an id is taken once, and only a higher sequence is adopted and pushed. */
export function* takeBalance(
  { bug, engine, tables }: World,
  id: string,
  news: { wallet_id: string; balance: Amount; sequence: number },
): Flow<true> {
  return yield* atomically(`take balance ${id}`, () => {
    const { wallet_id, balance, sequence } = news;
    const known = tables.balances.get(wallet_id)?.sequence ?? 0;
    // Billing may give the same news under two ids: the inbox alone does not make it one.
    if (bug === 'push_of_equal_sequence' ? sequence < known : sequence <= known) {
      if (bug !== 'sequence_ignored') return true;
    }
    engine.note(`wallet: ${wallet_id} is at sequence ${sequence}`);
    tables.balances.set(wallet_id, { balance, sequence });
    tables.pushes.push({ wallet_id, sequence, balance });
    return true;
  });
}
