import { type Database, readInt8, statement } from '@cashback/postgres';
import type { Position } from '../decide-adoption.ts';

export type ClaimedCheck = Position & { wallet_id: string; user_id: string; check_failures: number };

const claimChecksStatement = statement<{
  wallet_id: string;
  user_id: string;
  epoch: string;
  sequence: string;
  check_failures: number;
}>({
  name: 'wallet.claim-checks',
  text: `
  WITH due AS MATERIALIZED (
    SELECT wallet_id FROM wallet.balances
    WHERE check_at <= now() ORDER BY check_at LIMIT $1
    FOR UPDATE SKIP LOCKED
  )
  UPDATE wallet.balances SET check_at = now() + $2::integer * interval '1 millisecond'
  FROM due WHERE balances.wallet_id = due.wallet_id
  RETURNING balances.wallet_id, user_id, epoch, sequence, check_failures`,
  columns: {
    wallet_id: 'text',
    user_id: 'text',
    epoch: 'int8',
    sequence: 'int8',
    check_failures: 'int4',
  },
});

/** Claims wallets whose check is due, longest due first, under a lease: they are due again after `lease_ms`. */
export async function claimChecks(
  { pool }: Database,
  { limit, lease_ms }: { limit: number; lease_ms: number },
): Promise<ClaimedCheck[]> {
  const rows = await claimChecksStatement.rows(pool, [limit, lease_ms]);
  return rows.map((row) => ({ ...row, epoch: readInt8(row.epoch), sequence: readInt8(row.sequence) }));
}
