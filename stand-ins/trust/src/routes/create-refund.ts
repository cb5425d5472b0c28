import { formatAmount, parseAmount } from '@cashback/contract';
import { PaymentError, type Refund, type RefundInput, type TrustSettings, refundInput } from '@cashback/wire';
import { type Reader, withTransaction } from '@cashback/postgres';
import { type HttpServer, route } from '@cashback/service';
import type { Context } from '../context.ts';
import { type LockedBasket, basketNotFound, lockBasket } from '../db/baskets.ts';
import { endRequests } from '../db/due-requests.ts';
import { findRefund, insertRefund, loadRefund, sumRefunds } from '../db/refunds.ts';
import { settleRequests } from '../settlement/settle-requests.ts';
import { assertSameBody } from './assert-same-body.ts';
import { withFaults } from './faults.ts';
import { positiveAmount } from './inputs.ts';
import { failedFor, keptRefusal } from './kept-refusals.ts';

/**
 * `POST /refunds`: takes back a part of a basket. A repeat with the same body is answered with its current state. One
 * that exceeds its basket is kept as failed.
 */
export function addCreateRefund(server: HttpServer, context: Context): void {
  route(server, {
    method: 'POST',
    path: '/refunds',
    scope: 'baskets',
    body: refundInput.extend({ amount: positiveAmount }),
    handler: ({ body, reply }) =>
      withFaults(context, reply, (settings) => createRefund(context, settings, body)),
  });
}

async function createRefund(context: Context, settings: TrustSettings, input: RefundInput): Promise<Refund> {
  const { refund_id, basket_id } = input;
  let moved = false;
  const refund = await withTransaction(context.database, async (tx) => {
    const { drizzle, client } = tx;
    // Lock, then read: only a read after the lock sees the refunds made before it.
    const basket = await lockBasket(tx, basket_id);
    const known = await findRefund(drizzle, refund_id);
    if (known !== undefined) return sameRefund(known, input);
    if (basket === undefined) throw basketNotFound(basket_id);
    const refusal = await assertHolds(client, basket, input).then(() => null, keptRefusal);
    const { wallet_id } = basket;
    // A concurrent call may have used the same id for another basket.
    if (!(await insertRefund(drizzle, { ...input, wallet_id }))) {
      return sameRefund(await loadRefund(drizzle, refund_id), input);
    }
    if (refusal !== null) {
      await endRequests(tx, [{ kind: 'refund', id: refund_id, ...failedFor(refusal) }]);
      return refusal;
    }
    if (settings.latency_ms === 0) {
      const { amount, wallet_policy } = input;
      const due = {
        kind: 'refund' as const,
        id: refund_id,
        wallet_id,
        amount: parseAmount(amount),
        wallet_policy,
      };
      moved = await settleRequests(tx, [due], settings, context.callbacks);
    }
    return loadRefund(drizzle, refund_id);
  });
  if (refund instanceof Error) throw refund;
  if (moved) context.wakeCallbacks();
  return refund;
}

function sameRefund(known: Refund, input: RefundInput): Refund {
  const { refund_id, basket_id, amount, wallet_policy } = known;
  assertSameBody(`refund ${refund_id}`, { refund_id, basket_id, amount, wallet_policy }, input);
  return known;
}

async function assertHolds(reader: Reader, basket: LockedBasket, input: RefundInput): Promise<void> {
  const { basket_id, amount } = input;
  const holds = basket.status === 'success' ? basket.amount - (await sumRefunds(reader, basket_id)) : 0n;
  if (parseAmount(amount) <= holds) return;
  const reason = basket.status === 'success' ? '' : ` because it is ${basket.status}`;
  throw new PaymentError(
    'REFUND_EXCEEDS_BASKET',
    `basket ${basket_id} holds ${formatAmount(holds)}${reason}, less than the ${amount} to refund; refund at most what it holds`,
    { basket_id, basket_status: basket.status, holds: formatAmount(holds), amount },
  );
}
