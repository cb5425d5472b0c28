import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@cashback/postgres';

const intervalMs = 25;
const stuckMs = 60_000;

/** Polls through the sweeper's index, which costs next to nothing. Throws when no order is settled any more. */
export async function untilSettled(database: Database, signal: AbortSignal): Promise<void> {
  let last = '';
  let movedAt = performance.now();
  for (;;) {
    const { rows } = await database.pool.query<{ order_id: string }>({
      name: 'unsettled',
      text: 'SELECT order_id FROM cashback.order_clears WHERE settled_revision < revision AND attention IS NULL LIMIT 1',
    });
    const [first] = rows;
    if (first === undefined) return;
    if (first.order_id !== last) movedAt = performance.now();
    else if (performance.now() - movedAt > stuckMs) {
      throw new Error(
        `order ${last} is not settled after ${stuckMs / 1_000} s; the logs are in .data/bench/logs`,
      );
    }
    last = first.order_id;
    await delay(intervalMs, undefined, { signal });
  }
}
