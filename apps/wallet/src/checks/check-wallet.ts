import { type TrustWallet } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { HttpCallError, type Log, backoffMs } from '@cashback/service';
import { type AdoptionContext, adoptBalance } from '../adopt-balance.ts';
import { reportOf } from '../balance-report.ts';
import type { ClaimedCheck } from '../db/claim-checks.ts';
import { recordCheck } from '../db/record-check.ts';
import type { Drift } from '../db/tables.ts';
import { decideDrift } from '../decide-drift.ts';
import type { Trust } from './open-trust.ts';

export interface CheckContext extends AdoptionContext {
  database: Database;
  trust: Trust;
  check_retry_max_ms: number;
  log: Log;
}

const RETRY_BASE_MS = 1_000;
/** The call never left, which says nothing about the wallet. */
const NOT_ASKED = new Set(['CIRCUIT_OPEN', 'TOO_MANY_WAITING', 'ABORTED', 'CLOSED']);

/**
 * Asks the payment system for a claimed wallet's balance:
 *
 *   newer than the cache  --> adopted and pushed, as from a callback
 *   as the cache          --> nothing
 *   contradicts the cache --> drift, and again with backoff; an older balance is never adopted
 *   no answer             --> again with backoff
 */
export async function checkWallet(
  context: CheckContext,
  check: ClaimedCheck,
  signal: AbortSignal,
): Promise<void> {
  let answer: TrustWallet;
  try {
    answer = await context.trust.wallet(check.wallet_id, signal);
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    await recordNoAnswer(context, check, error);
    return;
  }
  await takeAnswer(context, check, answer);
}

async function takeAnswer(context: CheckContext, check: ClaimedCheck, answer: TrustWallet): Promise<void> {
  const { wallet_id } = check;
  const report = reportOf(answer, check.user_id);
  if (report.wallet_id !== wallet_id) {
    throw new Error(`trust was asked for wallet ${wallet_id} and answered with ${report.wallet_id}`);
  }
  const drift = await withTransaction(context.database, async (tx) => {
    const { cached, adopted } = await adoptBalance(context, tx, report, 'check');
    const found = adopted === null ? decideDrift(cached, check, report) : null;
    await recordCheck(tx.drizzle, wallet_id, recordOf(context, check, found));
    return found;
  });
  if (drift !== null) logDrift(context, check, drift, answer);
}

async function recordNoAnswer(
  context: CheckContext,
  check: ClaimedCheck,
  error: HttpCallError,
): Promise<void> {
  const { database, trust, log } = context;
  const { wallet_id, check_failures: failures } = check;
  if (error.code === 'WALLET_NOT_FOUND') {
    await recordCheck(database.drizzle, wallet_id, recordOf(context, check, 'missing'));
    logDrift(context, check, 'missing');
  } else if (NOT_ASKED.has(error.code)) {
    const next_ms = Math.max(RETRY_BASE_MS, trust.state().retry_after_ms);
    await recordCheck(database.drizzle, wallet_id, { next_ms, failures });
  } else {
    log.warn({ err: error, wallet_id }, 'a balance could not be checked, and is checked again later');
    const next_ms = retryMs(context, failures + 1);
    await recordCheck(database.drizzle, wallet_id, { next_ms, failures: failures + 1 });
  }
}

function recordOf(context: CheckContext, { check_failures }: ClaimedCheck, drift: Drift | null) {
  if (drift === null) return { next_ms: context.check_interval_ms, failures: 0, drift };
  return { next_ms: retryMs(context, check_failures + 1), failures: check_failures + 1, drift };
}

function retryMs({ check_retry_max_ms }: CheckContext, failures: number): number {
  return backoffMs(failures, { base_ms: RETRY_BASE_MS, max_ms: check_retry_max_ms });
}

/** The first answer that contradicts may be of a replica that is behind. */
function logDrift({ log }: CheckContext, check: ClaimedCheck, drift: Drift, answer?: TrustWallet): void {
  const { wallet_id, epoch, sequence, check_failures } = check;
  const line = { wallet_id, drift, cached: { epoch, sequence }, answer };
  const message = 'the payment system contradicts the cached balance; after a restore it needs a new epoch';
  if (check_failures === 0) log.info(line, message);
  else log.warn(line, message);
}
