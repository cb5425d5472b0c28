import { CashbackError } from '@cashback/contract';
import {
  CHANGES_START,
  type ChangePosition,
  type Database,
  changeCursor,
  readFeedCursor,
  readInt8,
  statement,
} from '@cashback/postgres';
import type { TrustWallet, WalletChangesOutput, WalletChangesQuery } from '@cashback/wire';
import { loadEpoch } from './epoch.ts';

const loadXminStatement = statement<{ xact_id: string }>({
  name: 'trust.load-xmin',
  text: 'SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xact_id',
  columns: { xact_id: 'xid8!' },
});

interface ChangedRow extends Omit<TrustWallet, 'sequence' | 'updated_at' | 'epoch'> {
  sequence: string;
  updated_at: Date;
  xact_id: string;
  change_id: string;
}

const listWalletChangesStatement = statement<ChangedRow>({
  name: 'trust.list-wallet-changes',
  text: `
  SELECT wallet_id, user_id, currency, balance, sequence, updated_at, xact_id, change_id
  FROM trust.wallets
  WHERE (xact_id, change_id) > ($1::xid8, $2::bigint) AND xact_id < pg_snapshot_xmin(pg_current_snapshot()) AND sequence > 0
  ORDER BY xact_id, change_id
  LIMIT $3`,
  columns: {
    wallet_id: 'text',
    user_id: 'text',
    currency: 'text',
    balance: 'numeric',
    sequence: 'int8',
    updated_at: 'timestamptz',
    xact_id: 'xid8',
    change_id: 'int8',
  },
});

/**
 * A page of the wallets whose balance changed after the cursor. No change is skipped that commits late. A cursor from before
 * a restore is refused with `CURSOR_INVALID`.
 */
export async function listWalletChanges(
  { pool, drizzle }: Database,
  { after, limit }: WalletChangesQuery,
): Promise<WalletChangesOutput> {
  // Before the page: a restore between the two must not give balances from before it the epoch after it.
  const epoch = await loadEpoch(drizzle);
  const [horizon] = await loadXminStatement.rows(pool, []);
  if (horizon === undefined) throw new Error('a query without FROM returned no row');
  const from =
    after === undefined ? CHANGES_START : positionOf(after, { epoch, ...horizon, epochs: [epoch] });
  const rows = await listWalletChangesStatement.rows(pool, [from.xact_id, from.change_id, limit]);
  const last = rows.at(-1);
  return {
    wallets: rows.map((row) => ({
      wallet_id: row.wallet_id,
      user_id: row.user_id,
      currency: row.currency,
      balance: row.balance,
      epoch,
      sequence: readInt8(row.sequence),
      updated_at: row.updated_at.toISOString(),
    })),
    cursor: changeCursor.format(last === undefined ? from : { ...last, epoch }),
    epoch,
  };
}

function positionOf(after: string, horizon: Parameters<typeof readFeedCursor>[2]): ChangePosition {
  const read = readFeedCursor(changeCursor, after, horizon);
  if ('problem' in read) {
    throw new CashbackError('CURSOR_INVALID', read.problem, { after, epoch: horizon.epoch });
  }
  return read.position;
}
