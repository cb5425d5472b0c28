import type { LoadedOrder } from '@cashback/cashback-db';
import { type RegisterInput, parseAmount, parseValues } from '@cashback/contract';
import { type RegisterDecision, type Registration, decideRegister } from '@cashback/core';

/** A call of `register`, the order it found, and the decision on both. */
export interface DecidedCall {
  input: RegisterInput;
  /** Null: the order was never registered. */
  stored: LoadedOrder | null;
  decision: RegisterDecision;
}

export function decideCall(input: RegisterInput, stored: LoadedOrder | null): DecidedCall {
  return { input, stored, decision: decideRegister(stored, registrationOf(input)) };
}

/** A call that would be refused as an order's first one must not make its row: the order must exist to be locked. */
export function isLockable({ decision }: DecidedCall, is_known: boolean): boolean {
  return decision.outcome === 'registered' || is_known;
}

/**
 * Decides a call under its order's lock. `first` is the call decided as the order's first one, and `created` says
 * whether the transaction wrote the order's row for it. Only then may there be no stored order.
 */
export function decideLocked(first: DecidedCall, stored: LoadedOrder | null, created: boolean): DecidedCall {
  const { input, decision } = first;
  if (stored !== null) return decideCall(input, stored);
  if (!created && decision.outcome !== 'refused') {
    throw new Error(`order ${input.order_id} was neither written nor found`);
  }
  return first;
}

function registrationOf(input: RegisterInput): Registration {
  const { service, user_id, wallet_id, currency, invoice_version } = input;
  return {
    service,
    user_id,
    wallet_id,
    currency,
    invoice_epoch: input.invoice_epoch ?? null,
    invoice_version,
    by_source: input.cashback_by_source === undefined ? null : parseValues(input.cashback_by_source),
    sum: input.cashback_sum === undefined ? null : parseAmount(input.cashback_sum),
    expected_revision: input.expected_revision ?? null,
  };
}
