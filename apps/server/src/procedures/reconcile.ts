import { countDuePolls, findChangedOrders, makeDue } from '@cashback/cashback-db';
import { CashbackError, type ParsedReconcileInput, type ReconcileOutput } from '@cashback/contract';
import { type Database, withTransaction } from '@cashback/postgres';

/** Orders whose locks one transaction holds. */
const PART_SIZE = 100;
/** While as many orders are due, no page is added to them: live orders would wait behind it. */
const MAX_DUE = 2_000;

/**
 * Makes orders due: the worker observes their invoices and compares, in whatever state they are. Either given ones, or a
 * page of those that changed since a time. Throws OVERLOADED for a page while too many orders are due already.
 */
export async function reconcile(
  database: Database,
  { order_ids, changed_since, after = '', limit }: ParsedReconcileInput,
): Promise<ReconcileOutput> {
  if (changed_since === undefined) {
    const asked = [...new Set(order_ids)];
    const due = new Set(await makeAllDue(database, asked));
    return { due: due.size, unknown: asked.filter((orderId) => !due.has(orderId)), after: null };
  }
  const { pool } = database;
  if ((await countDuePolls(pool, MAX_DUE)) >= MAX_DUE) {
    throw new CashbackError('OVERLOADED', `${MAX_DUE} orders or more are due already; repeat the call later`);
  }
  const page = await findChangedOrders(pool, { since: new Date(changed_since), after, limit });
  const due = await makeAllDue(database, page.order_ids);
  return { due: due.length, unknown: [], after: page.last };
}

async function makeAllDue(database: Database, orderIds: readonly string[]): Promise<string[]> {
  const due: string[] = [];
  for (let start = 0; start < orderIds.length; start += PART_SIZE) {
    const part = orderIds.slice(start, start + PART_SIZE);
    due.push(...(await withTransaction(database, (tx) => makeDue(tx, part, 'reconcile'))));
  }
  return due;
}
