import { eq } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type Amount, parseAmount } from '@cashback/contract';
import { type Reader, statement } from '@cashback/postgres';
import { PaymentError, type Refund, type RefundInput } from '@cashback/wire';
import { refunds } from './tables.ts';

/** False when a refund with this id exists. */
export async function insertRefund(
  db: NodePgDatabase,
  input: RefundInput & { wallet_id: string },
): Promise<boolean> {
  const inserted = await db
    .insert(refunds)
    .values(input)
    .onConflictDoNothing()
    .returning({ refund_id: refunds.refund_id });
  return inserted.length > 0;
}

const shownRefund = {
  refund_id: refunds.refund_id,
  basket_id: refunds.basket_id,
  amount: refunds.amount,
  wallet_policy: refunds.wallet_policy,
  status: refunds.status,
  reason: refunds.reason,
  taken: refunds.taken,
};

export async function findRefund(db: NodePgDatabase, refundId: string): Promise<Refund | undefined> {
  const [refund] = await db.select(shownRefund).from(refunds).where(eq(refunds.refund_id, refundId));
  return refund;
}

/** Throws `REFUND_NOT_FOUND`. */
export async function loadRefund(db: NodePgDatabase, refundId: string): Promise<Refund> {
  const refund = await findRefund(db, refundId);
  if (refund !== undefined) return refund;
  throw new PaymentError('REFUND_NOT_FOUND', `there is no refund ${refundId}`, { refund_id: refundId });
}

const sumRefundsStatement = statement<{ refunded: string | null }>({
  name: 'trust.sum-refunds',
  text: `
  SELECT sum(coalesce(taken, amount)) AS refunded
  FROM trust.refunds WHERE basket_id = $1 AND status IN ('pending', 'success')`,
  columns: { refunded: 'numeric?' },
});

/** What a basket's successful refunds took, and its pending ones may take; it cannot grow under the basket's lock. */
export async function sumRefunds(reader: Reader, basketId: string): Promise<Amount> {
  const [row] = await sumRefundsStatement.rows(reader, [basketId]);
  return parseAmount(row?.refunded ?? '0');
}
