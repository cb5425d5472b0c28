import { type Flow, outside, sleep } from '../engine/flow.ts';
import { moveOtherMoney } from '../shells/trust.ts';
import type { World } from '../world.ts';

/** What refunds do to a wallet that has too little. */
export const POLICIES = ['take_what_is_there', 'take_what_is_there', 'fail'] as const;
const MOST_TIMES = 5;
const PAUSES_MS = [1_000, 20_000, 60_000];
/** Less than a reward, and more than all of them. */
const PAID_IN = [5_000n, 20_000n, 1_000_000n];
const PAID_IN_ONE_OF = 4;

/** The customer spends what is in the wallet, some of it or all, and now and then pays money in. */
export function* spendWallet(world: World, walletId: string): Flow<void> {
  const { choices } = world.engine;
  const pick = <Choice>(list: readonly Choice[]): Choice => list[choices.below(list.length)] as Choice;
  const times = 1 + choices.below(MOST_TIMES);
  for (let time = 0; time < times; time += 1) {
    yield* sleep(choices.below(pick(PAUSES_MS) + 1));
    const paid_in = choices.below(PAID_IN_ONE_OF) === 1 ? pick(PAID_IN) : null;
    const share = 1n + BigInt(choices.below(2));
    yield* outside(`use ${walletId}`, () => {
      const balance = world.tables.trust_wallets.get(walletId)?.balance ?? 0n;
      const amount = paid_in ?? -balance / share;
      if (amount !== 0n) moveOtherMoney(world, walletId, amount);
    });
  }
}
