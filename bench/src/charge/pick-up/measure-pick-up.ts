import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../measure/statistics.ts';
import { createIds } from '../../register/order-ids.ts';
import type { ContenderSetup } from '../contenders/contender.ts';
import { startContender } from '../contenders/start-contender.ts';
import { benchOrder } from '../fill/bench-order.ts';
import { renewOwnDatabase } from '../fill/own-database.ts';
import { writeOrders } from '../fill/write-orders.ts';
import type { SettleSetup } from '../settle/measure-settle.ts';
import { startStandIn } from '../upstream/stand-in.ts';
import type { Peer } from '../ways.ts';

/** Milliseconds from the request for a commit to the arrival of the first call for its order. */
export interface PickUpMeasurement {
  samples: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

/** Jobs that warm the process and are not counted. */
const warmUpJobs = 150;
/** The random pause between two jobs, so that they meet every phase of a poll. */
const pauseMs = { min: 20, max: 60 };
const lostMs = 20_000;

export async function measurePickUp(
  way: 'worker' | Peer,
  setup: SettleSetup,
  samples: number,
): Promise<PickUpMeasurement> {
  const { own, signal } = setup;
  await renewOwnDatabase(setup.database_url);
  const waiting = new Map<string, (at: number) => void>();
  const standIn = await startStandIn({
    rewarded: true,
    onRetrieve: (orderId) => waiting.get(orderId)?.(performance.now()),
  });
  const beside: ContenderSetup = {
    ...setup,
    transactions: { url: standIn.url, token: 'token-of-the-bench' },
  };
  const contender = await startContender[way](beside);
  try {
    const nextId = createIds('random');
    const orders = Array.from({ length: warmUpJobs + samples }, () => benchOrder(nextId()));
    await writeOrders(own.client, orders);
    await own.client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
    const latencies: number[] = [];
    for (const order of orders) {
      const called = new Promise<number>((resolve) => waiting.set(order.order_id, resolve));
      const { committing_at } = await contender.enqueue(order);
      const at = await Promise.race([called, lost(order.order_id, signal)]);
      waiting.delete(order.order_id);
      latencies.push(at - committing_at);
      const { min, max } = pauseMs;
      await delay(min + Math.random() * (max - min), undefined, { signal });
    }
    const counted = latencies.slice(warmUpJobs);
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
  throw new Error(`no call for the invoice of ${orderId} arrived within ${lostMs / 1_000} s`);
}
