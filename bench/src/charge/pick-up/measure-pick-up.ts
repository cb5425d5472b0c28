import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../measure/statistics.ts';
import { createIds } from '../../register/order-ids.ts';
import type { ContenderPlace } from '../contenders/contender.ts';
import { startContender } from '../contenders/start-contender.ts';
import { benchOrder } from '../fill/bench-order.ts';
import { renewOwnDatabase } from '../fill/own-database.ts';
import { writeOrders } from '../fill/write-orders.ts';
import type { SettlePlace } from '../settle/measure-settle.ts';
import { startStandIn } from '../upstream/stand-in.ts';
import type { Peer } from '../ways.ts';

/** In milliseconds, from the moment a commit was asked for to the first call for its order, as it arrived. */
export interface PickUpMeasurement {
  samples: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

/** Jobs that are not counted: the process has to be warm. */
const warmUpJobs = 150;
/** Between two jobs, so that they meet every phase of whatever polls. */
const pauseMs = { shortest: 20, longest: 60 };
const lostMs = 20_000;

export async function measurePickUp(
  way: 'worker' | Peer,
  place: SettlePlace,
  samples: number,
): Promise<PickUpMeasurement> {
  const { own, signal } = place;
  await renewOwnDatabase(place.database_url);
  const heard = new Map<string, (at: number) => void>();
  const standIn = await startStandIn({
    rewarded: true,
    asked: (orderId) => heard.get(orderId)?.(performance.now()),
  });
  const beside: ContenderPlace = {
    ...place,
    transactions: { url: standIn.url, token: 'token-of-the-bench' },
  };
  const contender = await startContender[way](beside);
  try {
    const nextId = createIds('random');
    const orders = Array.from({ length: warmUpJobs + samples }, () => benchOrder(nextId()));
    await writeOrders(own.client, orders);
    await own.client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
    const taken: number[] = [];
    for (const order of orders) {
      const called = new Promise<number>((resolve) => heard.set(order.order_id, resolve));
      const { committing_at } = await contender.enqueue(order);
      const at = await Promise.race([called, lost(order.order_id, signal)]);
      heard.delete(order.order_id);
      taken.push(at - committing_at);
      const { shortest, longest } = pauseMs;
      await delay(shortest + Math.random() * (longest - shortest), undefined, { signal });
    }
    const counted = taken.slice(warmUpJobs);
    return {
      samples,
      p50_ms: percentile(counted, 0.5),
      p99_ms: percentile(counted, 0.99),
      max_ms: percentile(counted, 1),
    };
  } finally {
    await contender.stop();
    await standIn.close();
  }
}

async function lost(orderId: string, signal: AbortSignal): Promise<never> {
  await delay(lostMs, undefined, { signal, ref: false });
  throw new Error(`nobody asked for the invoice of ${orderId} within ${lostMs / 1_000} s`);
}
