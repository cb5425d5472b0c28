import type { TrustSettings } from '@cashback/wire';
import { type Database, type Transaction, withTransaction } from '@cashback/postgres';
import type { CallbackPlan } from '../context.ts';
import { applyMovements } from '../db/apply-movements.ts';
import { endRequests, lockDueRequests } from '../db/due-requests.ts';
import { loadSettings } from '../db/settings.ts';
import { lockWallets } from '../db/wallets.ts';
import { happens, holdBack } from '../random.ts';
import { type DueRequest, settle } from './settle.ts';

const PAGE_SIZE = 500;

export interface SettlementRound {
  /** More requests may be due. */
  more: boolean;
  moved: boolean;
}

/** Settles one page of due requests, in one transaction. */
export function settleDueRequests(database: Database, callbacks: CallbackPlan): Promise<SettlementRound> {
  return withTransaction(database, async (tx) => {
    const settings = await loadSettings(tx.drizzle);
    const due = await lockDueRequests(tx, { latencyMs: settings.latency_ms, limit: PAGE_SIZE });
    const moved = await settleRequests(tx, due, settings, callbacks);
    return { more: due.length >= PAGE_SIZE, moved };
  });
}

/**
 * Ends requests whose rows are locked: money, ledger, callback and status in one transaction. Resolves with
 * whether any money moved.
 */
export async function settleRequests(
  tx: Transaction,
  due: readonly DueRequest[],
  settings: TrustSettings,
  { receivers, hold_back_ms }: CallbackPlan,
): Promise<boolean> {
  if (due.length === 0) return false;
  const wallets = await lockWallets(tx, [...new Set(due.map(({ wallet_id }) => wallet_id))]);
  const { ends, movements } = settle(due, wallets, () => happens(settings.refusal_share));
  await applyMovements(tx, movements, receivers, () =>
    holdBack(settings.reorder_callback_share, hold_back_ms),
  );
  await endRequests(tx, ends);
  return movements.length > 0;
}
