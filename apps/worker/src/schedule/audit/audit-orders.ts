import { countDuePolls, findDueAudits, runAudits } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../../context.ts';
import { runOf } from '../../reconcile/next-audit.ts';
import { inParts, unlocked } from '../claim-orders.ts';

type AuditorContext = Pick<WorkerContext, 'database' | 'transactions' | 'audits'>;

/**
 * One turn of the audits: makes settled orders due that were compared long enough ago, longest due first, at most
 * `page_size`, which bounds their rate. Their polls run as any other: each observes the invoice and compares.
 *
 * Live orders go first: nothing is added while as many polls are due already, or while `transactions` is down.
 */
export async function auditOrders(
  { database, transactions, audits }: AuditorContext,
  { page_size, random = Math.random }: { page_size: number; random?: () => number },
): Promise<void> {
  const { circuit, retry_after_ms } = transactions.state();
  if (circuit !== 'closed' || retry_after_ms > 0) return;
  if ((await countDuePolls(database.pool, page_size)) >= page_size) return;
  const due = await findDueAudits(database.pool, page_size);
  const nextOf = new Map(due.map((audit) => [audit.order_id, runOf(audit, { audits, random })]));
  if (due.length === 0) return;
  const parts = await inParts([...nextOf.keys()], (order_ids) =>
    withTransaction(database, async (tx) => {
      const taken = order_ids.flatMap((order_id) => nextOf.get(order_id) ?? []);
      return [await runAudits(tx, taken)];
    }),
  );
  await unlocked(parts);
}
