import { CashbackClientError } from '@cashback/client';
import type { OrderOutput, OrderRates } from '@cashback/contract';

/** What a call of the server gave: an answer, or the error that it ended with. */
export type Answer<Body> = { body: Body } | { error: unknown };

/** Null: the order was never registered. Throws any other error. */
export function readOrder(answer: Answer<OrderOutput>): OrderOutput | null {
  return bodyOrNull(answer, 'ORDER_NOT_FOUND');
}

/** Null: the order has no rates. Throws any other error. */
export function readRates(answer: Answer<OrderRates>): OrderRates | null {
  return bodyOrNull(answer, 'RATES_NOT_FOUND');
}

/** Throws the error that the call ended with. */
export function bodyOf<Body>(answer: Answer<Body>): Body {
  if ('error' in answer) throw answer.error;
  return answer.body;
}

function bodyOrNull<Body>(answer: Answer<Body>, missing: string): Body | null {
  const isMissing =
    'error' in answer && answer.error instanceof CashbackClientError && answer.error.code === missing;
  return isMissing ? null : bodyOf(answer);
}
