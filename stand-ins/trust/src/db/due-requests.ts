import { formatAmount, parseAmount } from '@cashback/contract';
import type { WalletPolicy } from '@cashback/wire';
import { type Transaction, statement } from '@cashback/postgres';
import type { DueRequest, RequestEnd } from '../settlement/settle.ts';

interface DueRow {
  id: string;
  wallet_id: string;
  amount: string;
}

const lockDueBasketsStatement = statement<DueRow>({
  name: 'trust.lock-due-baskets',
  text: `
  SELECT basket_id AS id, wallet_id, amount
  FROM trust.baskets
  WHERE status = 'pending' AND created_at <= now() - $1::float8 * interval '1 millisecond'
  ORDER BY created_at
  LIMIT $2
  FOR UPDATE SKIP LOCKED`,
  columns: { id: 'text', wallet_id: 'text', amount: 'numeric' },
});

const lockDueRefundsStatement = statement<DueRow & { wallet_policy: WalletPolicy }>({
  name: 'trust.lock-due-refunds',
  text: `
  SELECT refund_id AS id, wallet_id, amount, wallet_policy
  FROM trust.refunds
  WHERE status = 'pending' AND created_at <= now() - $1::float8 * interval '1 millisecond'
  ORDER BY created_at
  LIMIT $2
  FOR UPDATE SKIP LOCKED`,
  columns: { id: 'text', wallet_id: 'text', amount: 'numeric', wallet_policy: 'text' },
});

/**
 * Locks baskets and refunds that have been pending for `latencyMs`, oldest first, at most `limit` of each. Skips
 * those that another process is settling.
 */
export async function lockDueRequests(
  { client }: Transaction,
  { latencyMs, limit }: { latencyMs: number; limit: number },
): Promise<DueRequest[]> {
  const values = [latencyMs, limit];
  const dueBaskets = await lockDueBasketsStatement.rows(client, values);
  const dueRefunds = await lockDueRefundsStatement.rows(client, values);
  return [
    ...dueBaskets.map((row) => ({ ...row, kind: 'topup' as const, amount: parseAmount(row.amount) })),
    ...dueRefunds.map((row) => ({ ...row, kind: 'refund' as const, amount: parseAmount(row.amount) })),
  ];
}

const endBasketsStatement = statement({
  name: 'trust.end-baskets',
  text: `
  UPDATE trust.baskets SET status = ended.status, reason = ended.reason
  FROM unnest($1::text[], $2::text[], $3::text[]) AS ended (id, status, reason)
  WHERE baskets.basket_id = ended.id AND baskets.status = 'pending'`,
  columns: {},
});

const endRefundsStatement = statement({
  name: 'trust.end-refunds',
  text: `
  UPDATE trust.refunds SET status = ended.status, reason = ended.reason, taken = ended.taken
  FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[]) AS ended (id, status, reason, taken)
  WHERE refunds.refund_id = ended.id AND refunds.status = 'pending'`,
  columns: {},
});

/** Ends only pending requests, so an end never changes. */
export async function endRequests({ client }: Transaction, ends: readonly RequestEnd[]): Promise<void> {
  const topups = ends.filter(({ kind }) => kind === 'topup');
  if (topups.length > 0) await endBasketsStatement.run(client, columnsOf(topups));
  const refunded = ends.filter(({ kind }) => kind === 'refund');
  if (refunded.length > 0) {
    const taken = refunded.map((end) => (end.taken === undefined ? null : formatAmount(end.taken)));
    await endRefundsStatement.run(client, [...columnsOf(refunded), taken]);
  }
}

function columnsOf(ends: readonly RequestEnd[]): unknown[] {
  return [ends.map(({ id }) => id), ends.map(({ status }) => status), ends.map(({ reason }) => reason)];
}
