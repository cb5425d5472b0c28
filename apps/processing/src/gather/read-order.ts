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

function bodyOrNull<Body>(answer: Answer<Body>, missing: string): Body | null {
  if ('body' in answer) return answer.body;
  const { error } = answer;
  if (error instanceof CashbackClientError && error.code === missing) return null;
  throw error;
}
