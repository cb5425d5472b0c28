import type { WalletBalance } from '@cashback/wire';
import { type Reader, type Transaction, readInt8, statement } from '@cashback/postgres';
import { BALANCE_COLUMNS, type BalanceRow, walletBalanceOf } from './balance-row.ts';

const lockUndeliveredStatement = statement<BalanceRow>({
  name: 'wallet.lock-undelivered',
  text: `
  SELECT wallet_id, currency, balance, epoch, sequence, updated_at
  FROM wallet.pushes
  WHERE wallet_id = ANY($1::text[]) AND delivered_at IS NULL
  ORDER BY wallet_id, epoch, sequence
  LIMIT $2
  FOR UPDATE`,
  columns: BALANCE_COLUMNS,
});

/**
 * Locks what is not delivered of these wallets, per wallet in the order of (epoch, sequence). Those that are being
 * delivered elsewhere are waited for, so that no later balance overtakes them.
 */
export async function lockUndelivered(
  { client }: Transaction,
  walletIds: readonly string[],
  limit: number,
): Promise<WalletBalance[]> {
  const rows = await lockUndeliveredStatement.rows(client, [walletIds, limit]);
  return rows.map(walletBalanceOf);
}

const markDeliveredStatement = statement({
  name: 'wallet.mark-delivered',
  text: `
  UPDATE wallet.pushes SET delivered_at = now()
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS delivered (wallet_id, epoch, sequence)
  WHERE pushes.wallet_id = delivered.wallet_id AND pushes.epoch = delivered.epoch
    AND pushes.sequence = delivered.sequence`,
  columns: {},
});

export async function markDelivered(
  { client }: Transaction,
  delivered: readonly WalletBalance[],
): Promise<void> {
  await markDeliveredStatement.run(client, [
    delivered.map(({ wallet_id }) => wallet_id),
    delivered.map(({ epoch }) => epoch),
    delivered.map(({ sequence }) => sequence),
  ]);
}

interface OverdueRow {
  wallet_id: string;
  epoch: string;
  sequence: string;
}

const findOverdueStatement = statement<OverdueRow>({
  name: 'wallet.find-overdue',
  text: `
  SELECT wallet_id, epoch, sequence
  FROM wallet.pushes
  WHERE delivered_at IS NULL AND created_at < now() - $1::float8 * interval '1 millisecond'
  ORDER BY wallet_id, epoch, sequence
  LIMIT $2`,
  columns: { wallet_id: 'text', epoch: 'int8', sequence: 'int8' },
});

/** Pushes that have been waiting for longer than `overdueMs`, at most `limit`. */
export async function findOverdue(
  reader: Reader,
  { overdueMs, limit }: { overdueMs: number; limit: number },
): Promise<{ wallet_id: string; epoch: number; sequence: number }[]> {
  const rows = await findOverdueStatement.rows(reader, [overdueMs, limit]);
  return rows.map((row) => ({ ...row, epoch: readInt8(row.epoch), sequence: readInt8(row.sequence) }));
}
