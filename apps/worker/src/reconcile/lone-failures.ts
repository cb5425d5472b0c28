import { parkOrder } from '@cashback/cashback-db';
import type { ChargeOrder } from '@cashback/cashback-db';
import type { UpdateAnswer } from '@cashback/core';
import { asError, storableText, withTransaction } from '@cashback/postgres';
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
  /** The step has ended with an error of ours. When that has lasted for too long, the order needs attention. */
  stepFailed(order: ChargeOrder, error: unknown): Promise<void>;
}

export function createLoneFailures({ database, limits, log }: WorkerContext): LoneFailures {
  const options = { max_pause_ms: 2 * limits.poll_max_ms };
  const [observing, sending, steps] = [
    createOwnFailures(options),
    createOwnFailures(options),
    createOwnFailures(options),
  ];

  return {
    ofObservation(orderId, observation) {
      if (observation.outcome !== 'unreachable') observing.succeeded(orderId);
      else if (observation.sent && observing.failed(orderId).is_own) return withoutAnswer(observation);
      return observation;
    },
    ofSending(orderId, answer) {
      if (answer.kind === 'unknown') return sending.failed(orderId).is_own;
      if (answer.kind !== 'not_sent') sending.succeeded(orderId);
      return false;
    },
    stepEnded: (orderId) => steps.succeeded(orderId),
    async stepFailed(order, error) {
      const { order_id } = order;
      const { is_own, own_ms } = steps.failed(order_id);
      if (!is_own || own_ms < limits.attention_after_ms) return;
      const reason = storableText(`the worker cannot process it: ${asError(error).message}`);
      const attention = { code: 'attempts_failed', reason, details: {} } as const;
      const poll_in_ms = attentionWait(order, attention, limits, Math.random);
      await withTransaction(database, (tx) => parkOrder(tx, { order_id, attention, poll_in_ms }));
      log.warn({ order_id, code: attention.code, reason }, 'order needs attention');
    },
  };
}
