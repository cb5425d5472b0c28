import { chargeQueue, listHeld, loadHolds, lockOrders, releaseOrders } from '@cashback/cashback-db';
import {
  type BreakerListInput,
  type BreakerListOutput,
  type BreakerReleaseInput,
  type BreakerReleaseOutput,
  CashbackError,
  parseValues,
} from '@cashback/contract';
import { type Database, type Jobs, type Reader, withTransaction } from '@cashback/postgres';
import { valuesOfAllSources } from '../all-sources.ts';
import { planReleases } from './plan-releases.ts';

/** A page of the orders with a part of their target that is held. Throws CURSOR_INVALID. */
export async function listHeldOrders(
  reader: Reader,
  { service, after, limit }: BreakerListInput,
): Promise<BreakerListOutput> {
  const rows = await listHeld(reader, { service: service ?? null, after: readCursor(after), limit });
  return {
    orders: rows.map(({ order_id, revision, hold, held_since, target }) => ({
      order_id,
      revision,
      ...hold,
      target: valuesOfAllSources(parseValues(target)),
      held_since: held_since.toISOString(),
    })),
    cursor: rows.length < limit ? null : (rows.at(-1)?.order_id ?? null),
  };
}

function readCursor(after: string | undefined): string {
  if (after === undefined) return '';
  if (/^[A-Za-z0-9_.:-]{1,64}$/.test(after)) return after;
  throw new CashbackError('CURSOR_INVALID', `after: expected a cursor of an earlier answer, got ${after}`, {
    after,
  });
}

/**
 * Releases held targets, so that the worker sends them: for each order that is still held at the revision that the caller
 * saw, with a record of the caller and the reason. A repeat finds the orders released, and changes nothing.
 */
export function releaseHeldOrders(
  { database, jobs }: { database: Pick<Database, 'pool'>; jobs: Jobs },
  { orders, reason }: BreakerReleaseInput,
  caller: string,
): Promise<BreakerReleaseOutput> {
  return withTransaction(database, async (tx) => {
    const orderIds = orders.map(({ order_id }) => order_id);
    await lockOrders(tx, orderIds);
    const { released, jobs: charges, answer } = planReleases(orders, await loadHolds(tx, orderIds));
    await releaseOrders(tx, released, { caller, reason });
    if (charges.length > 0) await jobs.enqueue(chargeQueue, charges, tx);
    return answer;
  });
}
