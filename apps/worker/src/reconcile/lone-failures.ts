import {
  type ChargeOrder,
  loadChargeOrders,
  lockOrders,
  noteWait,
  noteNeedsAttention,
} from '@cashback/cashback-db';
import { overdueReason, waitedAfter } from '@cashback/core';
import type { Attention, ChargeLimits, UpdateAnswer } from '@cashback/core';
import {
  type Transaction,
  asError,
  errorCode,
  explainDatabaseError,
  storableText,
  withTransaction,
} from '@cashback/postgres';
import { createOwnFailures } from '@cashback/service';
import type { WorkerContext } from '../context.ts';
import { attentionWait } from './decide-step.ts';
import { type Observation, withoutAnswer } from './observe-invoice.ts';

/**
 * Orders that fail alone. A side that is down fails all orders alike, and then nobody is needed; an order that fails
 * while others do not would fail forever, and nothing would state it.
 */
export interface LoneFailures {
  /** The observation, which is unusable when the invoices of other orders can be retrieved. */
  ofObservation(orderId: string, observation: Observation): Observation;
  /** Whether the operations of other orders are answered, and this one is not. */
  ofSending(orderId: string, answer: UpdateAnswer): boolean;
  /** The step has ended. */
  stepEnded(orderId: string): void;
  /** The step has ended with an error. When it alone fails so for too long, the order needs attention. */
  stepFailed(order: ChargeOrder, error: unknown): Promise<void>;
}

/** A verdict holds for this share of the time after which an order needs attention, when nothing else is attempted. */
const SHARE_WITHOUT_NEWS = 24;

type LoneFailuresContext = Pick<WorkerContext, 'database' | 'limits' | 'log'>;

export function createLoneFailures({ database, limits, log }: LoneFailuresContext): LoneFailures {
  const options = { without_news_ms: limits.attention_after_ms / SHARE_WITHOUT_NEWS };
  const [observing, sending, steps] = [
    createOwnFailures(options),
    createOwnFailures(options),
    createOwnFailures(options),
  ];

  return {
    ofObservation(orderId, observation) {
      if (observation.outcome !== 'unreachable') observing.succeeded(orderId);
      else if (observation.sent && observing.failed(orderId) === 'item') return withoutAnswer(observation);
      return observation;
    },
    ofSending(orderId, answer) {
      if (answer.kind === 'unknown') return sending.failed(orderId) === 'item';
      if (answer.kind !== 'not_sent') sending.succeeded(orderId);
      return false;
    },
    stepEnded: (orderId) => steps.succeeded(orderId),
    async stepFailed(seen, error) {
      const { order_id } = seen;
      const failure_of = steps.failed(order_id);
      if (failure_of !== 'item' && !isOurs(error)) return;
      const reason = storableText(`the worker cannot process it: ${asError(error).message}`);
      const attention = { code: 'attempts_failed', reason, details: {} } as const;
      const isStated = await withTransaction(database, (tx) => noteFailure(tx, seen, attention, limits));
      if (isStated) log.warn({ order_id, code: attention.code, reason }, 'order needs attention');
    },
  };
}

/** No side is down: the order cannot be decided on, also when no other order succeeds meanwhile. */
function isOurs(error: unknown): boolean {
  return errorCode(error) === undefined && explainDatabaseError(error) === undefined;
}

/** An own failure says as much about the order as an answer. Its time is kept in the row, so no restart ends it. */
async function noteFailure(
  tx: Transaction,
  { order_id, requests: seen_requests }: ChargeOrder,
  attention: Attention,
  limits: ChargeLimits,
): Promise<boolean> {
  await lockOrders(tx, [order_id]);
  const order = (await loadChargeOrders(tx.client, [order_id])).get(order_id);
  if (order === undefined) return false;
  const waited = waitedAfter(order, true, limits);
  await noteWait(tx, { order_id, ...waited });
  if (overdueReason({ ...order, ...waited }, limits) === null) return false;
  const poll_in_ms = attentionWait(order, attention, limits, Math.random);
  await noteNeedsAttention(tx, { order_id, attention, poll_in_ms, seen_requests });
  return true;
}
