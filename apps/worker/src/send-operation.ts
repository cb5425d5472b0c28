import {
  chargeKey,
  chargeQueue,
  insertOperationOutcomes,
  loadCharges,
  lockOrders,
} from '@cashback/cashback-db';
import { updateCharges } from '@cashback/cashback-db';
import type { NewOperation } from '@cashback/cashback-db';
import { updateCashbackOutput } from '@cashback/contract';
import type { UpdateCashbackInput } from '@cashback/contract';
import { decideAnswer } from '@cashback/core';
import type { UpdateAnswer } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import { HttpCallError } from '@cashback/service';
import type { HttpClient } from '@cashback/service';
import type { WorkerContext } from './context.ts';
import { refusalOfOrder } from './refusal-of-order.ts';
import { shortenReason } from './shorten-reason.ts';

/** A target is rejected at once only so often in a row: afterwards the next try waits for the next look. */
const MAX_REJECTIONS_AT_ONCE = 3;

/**
 * Sends an operation whose intent is committed, and records a definite refusal. All else needs no record: the next
 * look at the order is enqueued already, and finds out what became of the operation.
 */
export async function sendOperation(
  context: WorkerContext,
  operation: NewOperation,
  signal: AbortSignal,
): Promise<void> {
  const { order_id, operation_id } = operation;
  const answer = await askUpdate(context.transactions, operation, signal);
  const decision = decideAnswer(answer);
  context.log.debug({ order_id, operation_id, answer: answer.kind, then: decision.action }, 'operation sent');
  switch (decision.action) {
    case 'poll':
      return;
    case 'repeat':
      context.log.warn(
        { order_id, operation_id, answer },
        'whether the operation was accepted is not known, it is repeated later',
      );
      return;
    case 'rejected':
      return recordRefusal(context, operation, { rejected: decision.reason, attention: null });
    case 'needs_attention':
      return recordRefusal(context, operation, {
        rejected: decision.rejected ? decision.reason : null,
        attention: decision.reason,
      });
  }
}

/** `POST /update/cashback`: every time the same words for the same operation. */
async function askUpdate(
  transactions: HttpClient,
  { order_id, operation_id, version, user_id, wallet_id, currency, reward }: NewOperation,
  signal: AbortSignal,
): Promise<UpdateAnswer> {
  const body: UpdateCashbackInput = {
    invoice_id: order_id,
    operation_id,
    version,
    user_id,
    wallet_id,
    currency,
    // Out of the row the keys come in another order than they were sent in the first time.
    reward: reward.map(({ source, amount }) => ({ source, amount })),
  };
  try {
    const answer = await transactions.post('/update/cashback', body, updateCashbackOutput, { signal });
    if (answer.operation_id === operation_id) return { kind: 'accepted' };
    return { kind: 'unknown', message: `the answer is about operation ${answer.operation_id}` };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const refusal = refusalOfOrder(error);
    return refusal === null
      ? { kind: 'unknown', message: error.message }
      : { kind: 'refused', code: refusal.code, message: refusal.message };
  }
}

interface Refusal {
  /** Why the operation will never apply; null when that is not known, so that it stays open. */
  rejected: string | null;
  attention: string | null;
}

/** Closes what was rejected, if it is still the open operation: another look may have closed it meanwhile. */
async function recordRefusal(
  { database, jobs, log }: WorkerContext,
  { order_id, operation_id }: NewOperation,
  { rejected, attention }: Refusal,
): Promise<void> {
  await withTransaction(database, async (tx) => {
    await lockOrders(tx, [order_id]);
    const charge = (await loadCharges(tx, [order_id])).get(order_id);
    if (charge?.order.operation_id !== operation_id) return;
    const { order, ended } = charge;
    if (rejected !== null) {
      const reason = shortenReason(rejected);
      const { rewarded } = order;
      await insertOperationOutcomes(tx, [{ order_id, operation_id, outcome: 'rejected', reason, rewarded }]);
    }
    const needed = attention === null ? order.attention : shortenReason(attention);
    await updateCharges(tx, [
      {
        order_id,
        revision: order.revision,
        operation_id,
        next_operation_id: rejected === null ? operation_id : null,
        settled: false,
        rewarded: null,
        attention: needed,
        wait_ms: 0,
      },
    ]);
    if (needed === null && ended.rejected < MAX_REJECTIONS_AT_ONCE) {
      await jobs.enqueue(chargeQueue, [{ key: chargeKey(order_id), payload: { order_id } }], tx);
    }
  });
  if (attention !== null) log.warn({ order_id, operation_id, reason: attention }, 'order needs attention');
}
