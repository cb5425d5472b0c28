import type { Database } from '@cashback/postgres';
import { waitUntil } from '@cashback/timing';

const interval_ms = 25;
const timeout_ms = 60_000;

/** Polls through the sweeper's index, which costs next to nothing. Throws when an order stays the first unsettled one. */
export async function untilSettled(database: Database, signal: AbortSignal): Promise<void> {
  for (let first = await findUnsettled(database); first !== null;) {
    first = await untilPast(first, () => {
      signal.throwIfAborted();
      return findUnsettled(database);
    });
  }
}

/** Resolves with the next order that is not settled. */
async function untilPast(order: string, find: () => Promise<string | null>): Promise<string | null> {
  let found: string | null = order;
  const isPast = async (): Promise<boolean> => (found = await find()) !== order;
  await waitUntil(`past order ${order} (the logs are in .data/bench/logs)`, isPast, {
    interval_ms,
    timeout_ms,
  });
  return found;
}

async function findUnsettled(database: Database): Promise<string | null> {
  const { rows } = await database.pool.query<{ order_id: string }>({
    name: 'unsettled',
    text: 'SELECT order_id FROM cashback.order_clears WHERE settled_revision < revision AND attention IS NULL LIMIT 1',
  });
  return rows[0]?.order_id ?? null;
}
