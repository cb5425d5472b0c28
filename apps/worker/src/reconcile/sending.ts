import type { ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { StatedHistory } from '@cashback/wire';
import type { OrderStep } from './decide-step.ts';

/** An operation whose request may leave, once its intent and the time of the next poll are committed. */
export interface Sending {
  order: ChargeOrder;
  operation: NewOperation;
  /** An earlier request of this operation may have arrived. */
  repeated: boolean;
  /** What is known of an invoice that may have lost operations; absent: nothing is missing there. */
  history?: StatedHistory;
}

/** What may be sent after the commit; null when the step sends nothing. */
export function sendingOf(order: ChargeOrder, step: OrderStep): Sending | null {
  if (step.action === 'send_again') {
    return { order, operation: step.operation, repeated: true, history: step.history };
  }
  if (step.action !== 'send') return null;
  const { operation, repeated, history } = step;
  return { order, operation, repeated, ...(history !== undefined && { history }) };
}
