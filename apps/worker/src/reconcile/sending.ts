import type { ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { OrderStep } from './decide-step.ts';

/** An operation whose request may leave, once its intent and the time of the next poll are committed. */
export interface Sending {
  order: ChargeOrder;
  operation: NewOperation;
  /** An earlier request of this operation may have arrived. */
  repeated: boolean;
}

/** What may be sent after the commit; null when the step sends nothing. */
export function sendingOf(order: ChargeOrder, step: OrderStep): Sending | null {
  return step.action === 'send' ? { order, operation: step.operation, repeated: step.repeated } : null;
}
