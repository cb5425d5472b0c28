import type { Jobs, Transaction } from '@cashback/postgres';
import type { BalanceReport } from './balance-report.ts';
import type { Origin } from './db/tables.ts';
import {
  type CachedBalance,
  insertBalance,
  insertPush,
  lockBalance,
  updateBalance,
} from './db/write-balance.ts';
import { type AdoptionWrites, adoptionOf } from './decide-adoption.ts';
import { walletPushJob, walletPushQueue } from './push/wallet-push.ts';

export interface AdoptionContext {
  jobs: Jobs;
  check_interval_ms: number;
}

/** `adopted` null: `cached`, which stays locked until the transaction ends, is as new or newer. */
type Adoption =
  | { cached: CachedBalance | null; adopted: AdoptionWrites }
  | { cached: CachedBalance; adopted: null };

/**
 * The cache, the push record and its job: together or not at all. Decides under the lock of the cached balance, so of two
 * reports at once the newer one stays.
 */
export async function adoptBalance(
  { jobs, check_interval_ms }: AdoptionContext,
  tx: Transaction,
  report: BalanceReport,
  origin: Origin,
): Promise<Adoption> {
  const adoption = await writeBalance(tx, report, { origin, check_interval_ms });
  if (adoption.adopted === null) return adoption;
  const { push } = adoption.adopted;
  await insertPush(tx.drizzle, push, origin);
  await jobs.enqueue(walletPushQueue, [walletPushJob(push)], tx);
  return adoption;
}

async function writeBalance(
  tx: Transaction,
  report: BalanceReport,
  { origin, check_interval_ms }: { origin: Origin; check_interval_ms: number },
): Promise<Adoption> {
  let cached = await lockBalance(tx, report.wallet_id);
  if (cached === null) {
    const adopted = adoptionOf(null, report, origin);
    if (adopted !== null && (await insertBalance(tx.drizzle, adopted, check_interval_ms))) {
      return { cached, adopted };
    }
    // Another report has inserted the first balance meanwhile, and balances are never deleted.
    cached = await lockBalance(tx, report.wallet_id);
    if (cached === null)
      throw new Error(`the balance of wallet ${report.wallet_id} can neither be inserted nor read`);
  }
  const adopted = adoptionOf(cached, report, origin);
  if (adopted === null) return { cached, adopted };
  await updateBalance(tx.drizzle, adopted);
  return { cached, adopted };
}
