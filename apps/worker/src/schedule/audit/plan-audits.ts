import { findUnplannedOrders, loadAuditLag, planAudits } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../../context.ts';
import { planOf } from '../../reconcile/next-audit.ts';
import { inParts, unlocked } from '../claim-orders.ts';

/**
 * Gives settled orders the time of their next audit that an older release settled without one: a page, and only while
 * fewer audits than a page are due. Resolves with true when there may be more of them.
 */
export async function planMissingAudits(
  { database, audits, log }: Pick<WorkerContext, 'database' | 'audits' | 'log'>,
  { page_size, random = Math.random }: { page_size: number; random?: () => number },
): Promise<boolean> {
  const { due } = await loadAuditLag(database.pool);
  if (due >= page_size) return false;
  const found = await findUnplannedOrders(database.pool, page_size);
  if (found.length === 0) return false;
  const plans = new Map(found.map((order) => [order.order_id, planOf(order, { audits, random })]));
  const parts = await inParts([...plans.keys()], (order_ids) =>
    withTransaction(database, async (tx) => {
      const planned = order_ids.flatMap((order_id) => plans.get(order_id) ?? []);
      return [await planAudits(tx, planned)];
    }),
  );
  const planned = (await unlocked(parts)).reduce((sum, count) => sum + count, 0);
  log.info({ orders: planned }, 'settled orders without a time for their audits have one now');
  return found.length === page_size && planned > 0;
}
