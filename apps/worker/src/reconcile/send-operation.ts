import { insertOperationOutcomes, loadCharges, lockOrders, updateCharges } from '@cashback/cashback-db';
import type { NewOperation, SoonerPoll } from '@cashback/cashback-db';
import { updateCashbackOutput } from '@cashback/wire';
import type { OperationOutcome } from '@cashback/contract';
import type { UpdateCashbackInput } from '@cashback/wire';
import { decideAnswer, overdueReason, pollDelay } from '@cashback/core';
import type { UpdateAnswer } from '@cashback/core';
import { storableText, withTransaction } from '@cashback/postgres';
import { HttpCallError } from '@cashback/service';
import type { Sending } from './apply-steps.ts';
import type { WorkerContext } from '../context.ts';
import { spread } from './decide-step.ts';
import { observeInvoice } from './observe-invoice.ts';
import { refusalOfOrder } from '../upstream/refusal-of-order.ts';
import { wasSent } from '../upstream/was-sent.ts';

export interface NextLooks {
  /** Told when an order is due again at once. */
  onDue: () => void;
  /** Makes the next look at an order come sooner. */
  hasten: (sooner: SoonerPoll) => Promise<void>;
}

/**
 * Sends an operation whose intent is committed, and records what its answer settles for good. All else needs no
 * record: when the order is looked at next is written already, and that look finds out what became of the operation;
 * where there was no answer it is made sooner.
 */
export async function sendOperation(
  context: WorkerContext,
  sending: Sending,
  { onDue, hasten }: NextLooks,
): Promise<void> {
  const { order, operation, repeated } = sending;
  const { order_id, operation_id } = operation;
  const answer = await askUpdate(context, operation);
  const downtime_ms = context.transactions.downtimeMs(order.unsettled_since);
  const waiting = { ...order, downtime_ms };
  const overdue = overdueReason(waiting, context.limits);
  const decision = decideAnswer(answer, { repeated, overdue });
  context.log.debug({ order_id, operation_id, answer: answer.kind, then: decision.action }, 'operation sent');
  switch (decision.action) {
    case 'poll':
      return;
    case 'repeat': {
      if (answer.kind !== 'not_sent') {
        const line = { order_id, operation_id, answer };
        context.log.warn(line, 'whether the operation was accepted is not known, it is repeated later');
      }
      // No callback need come of it.
      return hasten({ order_id, operation_id, in_ms: spread(pollDelay(waiting, context.limits)) });
    }
    case 'finished': {
      // The invoice tells more of its end, unless it really does not list it any more.
      if (await isListed(context, sending)) return;
      return record(context, operation, { ended: { outcome: decision.outcome, reason: null }, onDue });
    }
    case 'rejected':
      return record(context, operation, { ended: { outcome: 'rejected', reason: decision.reason }, onDue });
    case 'needs_attention': {
      const { reason, rejected } = decision;
      const ended = rejected ? ({ outcome: 'rejected', reason } as const) : null;
      return record(context, operation, { ended, attention: reason, onDue });
    }
  }
}

/** `POST /update/cashback`: every time the same words for the same operation. */
async function askUpdate(
  { transactions, givingUp: signal }: WorkerContext,
  { order_id, operation_id, version, user_id, wallet_id, currency, reward }: NewOperation,
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
    if (answer.operation_id === operation_id) return { kind: 'accepted', status: answer.status };
    return { kind: 'unknown', message: `the answer is about operation ${answer.operation_id}` };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    if (!wasSent(error)) return { kind: 'not_sent' };
    const refusal = refusalOfOrder(error);
    return refusal === null
      ? { kind: 'unknown', message: error.message }
      : { kind: 'refused', code: refusal.code, message: refusal.message };
  }
}

/** True also when that cannot be found out: then the next look does. */
async function isListed(
  context: WorkerContext,
  { order, operation: { operation_id } }: Sending,
): Promise<boolean> {
  const observation = await observeInvoice(context, order);
  if (observation.outcome !== 'observed') return true;
  return observation.cashback.operations.some((listed) => listed.operation_id === operation_id);
}

interface Learned {
  /** How the operation ended; null when that is not known, so that it stays open. */
  ended: { outcome: OperationOutcome; reason: string | null } | null;
  attention?: string;
  onDue: () => void;
}

/** Of the operation that is still the open one only: another look may have closed it meanwhile. */
async function record(
  { database, log }: WorkerContext,
  { order_id, operation_id, version }: NewOperation,
  { ended, attention, onDue }: Learned,
): Promise<void> {
  const recorded = await withTransaction(database, async (tx) => {
    await lockOrders(tx, [order_id]);
    const order = (await loadCharges(tx, [order_id])).get(order_id)?.order;
    if (order?.operation_id !== operation_id) return false;
    if (ended !== null) {
      const { outcome } = ended;
      const reason = ended.reason && storableText(ended.reason);
      const { rewarded } = order;
      await insertOperationOutcomes(tx, [{ order_id, operation_id, outcome, reason, rewarded }]);
    }
    const needed = attention === undefined ? order.attention : storableText(attention);
    const update = {
      order_id,
      revision: order.revision,
      operation_id,
      next_operation_id: ended === null ? operation_id : null,
      settled: false,
      rewarded: null,
      // Accepting it took the invoice beyond the version that it was sent with.
      cashback_version: ended === null || ended.outcome === 'rejected' ? null : version + 1,
      attention: needed,
      poll_in_ms: needed === null ? 0 : null,
    };
    await updateCharges(tx, [update]);
    return true;
  });
  if (!recorded) return;
  if (attention === undefined) onDue();
  else log.warn({ order_id, operation_id, reason: attention }, 'order needs attention');
}
