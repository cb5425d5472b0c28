import { type FrontDoor, settle } from '@cashback/scenario';
import type { World } from '@cashback/invariants';
import { resumeOrders } from './resume-orders.ts';

const ATTENTION_ROUNDS = 5;
const TIMEOUT_MS = 30_000;

export interface Drained {
  unsettled: { order_id: string; detail: string }[];
  /** Orders that needed attention and were resumed. */
  resumed_orders: number;
}

/** Waits until every order is settled. Orders that need attention are resumed, as a person would once faults are over. */
export async function drain(
  worlds: readonly World[],
  door: FrontDoor,
  { signal }: { signal: AbortSignal },
): Promise<Drained> {
  let resumed_orders = 0;
  for (let round = 1; ; round += 1) {
    const unsettled: Drained['unsettled'] = [];
    let resumed = 0;
    for (const world of worlds) {
      const left = await settle(world, { signal, progress: () => {}, timeout_ms: TIMEOUT_MS });
      unsettled.push(...left.examples);
      if (left.wallets > 0) {
        unsettled.push({
          order_id: `${world.run}-wallet-*`,
          detail: `${left.wallets} wallets are not cached or not pushed`,
        });
      }
      if (left.orders > 0) resumed += await resumeOrders(world, door);
    }
    resumed_orders += resumed;
    if (unsettled.length === 0 || resumed === 0 || round > ATTENTION_ROUNDS)
      return { unsettled, resumed_orders };
  }
}
