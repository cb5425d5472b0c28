import { type ExpeditedPoll, type NewOperation, loadCharges, lockOrders } from '@cashback/cashback-db';
import { type UpdateAnswer, attemptsToRead } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { applyWrites } from './apply-writes.ts';
import { type FollowUp, type Learned, afterObserving, decideFollowUp } from './decide-follow-up.ts';
import type { LoneFailures } from './lone-failures.ts';
import { observationOf } from './observe-invoice.ts';
import type { Sending } from './sending.ts';
import { answerWrites, isDueNow } from './writes.ts';

/**
 * Sends an operation whose intent is committed, and records what the answer proves. Anything else needs no record: the
 * time of the next poll is committed, and that poll observes how the operation ended. Without an answer that
 * poll is expedited. Resolves with true when the order's next step is due at once.
 */
export async function sendOperation(
  context: WorkerContext,
  sending: Sending,
  {
    failures,
    expedite,
  }: { failures: Pick<LoneFailures, 'ofSending'>; expedite: (poll: ExpeditedPoll) => Promise<void> },
): Promise<boolean> {
  const { log } = context;
  const { operation, history } = sending;
  const { order_id, operation_id } = operation;
  const answer = await context.transactions.updateCashback(operation, history);
  const failsAlone = failures.ofSending(order_id, answer);
  const followUp = await decide(context, sending, answer, failsAlone);
  log.debug({ order_id, operation_id, answer: answer.kind, then: followUp.action }, 'operation sent');
  if (followUp.action === 'expedite') {
    if (answer.kind !== 'not_sent') {
      log.warn({ order_id, operation_id, answer }, 'operation may have been accepted, it is repeated later');
    }
    await expedite(followUp.poll);
  }
  return followUp.action === 'record' && record(context, operation, followUp.learned);
}

async function decide(
  { limits, transactions }: WorkerContext,
  sending: Sending,
  answer: UpdateAnswer,
  failsAlone: boolean,
): Promise<FollowUp> {
  const followUp = decideFollowUp(sending, answer, { limits, random: Math.random }, failsAlone);
  if (followUp.action !== 'observe') return followUp;
  const { order } = sending;
  const retrieved = await transactions.retrieveInvoice(order.order_id);
  return afterObserving(sending, followUp.learned, observationOf(order, retrieved));
}

async function record(
  { database, limits, log }: WorkerContext,
  operation: NewOperation,
  learned: Learned,
): Promise<boolean> {
  const { order_id, operation_id } = operation;
  const writes = await withTransaction(database, async (tx) => {
    await lockOrders(tx, [order_id]);
    const charges = await loadCharges(tx, [order_id], { operations: attemptsToRead(limits) });
    const order = charges.get(order_id)?.order;
    const rows = order === undefined ? null : answerWrites(order, operation, learned);
    if (rows !== null) await applyWrites(tx, [rows]);
    return rows;
  });
  if (writes === null) return false;
  const { attention } = learned;
  if (attention !== null)
    log.warn(
      { order_id, operation_id, code: attention.code, reason: attention.reason },
      'order needs attention',
    );
  return isDueNow(writes);
}
