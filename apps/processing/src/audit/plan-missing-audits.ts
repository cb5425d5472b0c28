import { type AuditPlan, auditByAge, auditDelay } from '@cashback/core';
import { type Database, withTransaction } from '@cashback/postgres';
import { lockUnplanned, planAudits } from '../db/queries/audits/plan-audits.ts';

/**
 * Gives orders that an earlier release finished the time of their next audit, by their age: a page of them, so that these
 * audits come no faster than the loop's. Resolves with how many got one. Without audits, none does.
 */
export async function planMissingAudits(
  { database }: { database: Database },
  { page_size, plan, random = Math.random }: { page_size: number; plan: AuditPlan; random?: () => number },
): Promise<number> {
  if (auditDelay(0, plan) === null) return 0;
  return withTransaction(database, async (transaction) => {
    const found = await lockUnplanned(transaction, page_size);
    const audits = found.map(({ order_id, age_ms }) => ({ order_id, ...auditByAge(age_ms, plan, random) }));
    await planAudits(transaction, audits);
    return audits.length;
  });
}
