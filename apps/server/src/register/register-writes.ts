import type { LoadedOrder, NewEvent, NewOrder, OrderUpdate } from '@cashback/cashback-db';
import {
  CashbackError,
  type RegisterInput,
  type RegisterOutput,
  type AmountsBySource,
  formatAmount,
  parseAmount,
  totalOf,
  parseValues,
} from '@cashback/contract';
import type { RegisterDecision, Registration } from '@cashback/core';
import { valuesOfAllSources } from '../all-sources.ts';

/** A call and what comes of it. */
export interface Decided {
  input: RegisterInput;
  /** Null: there was no such order, and a `registered` one is written in full already. */
  stored: LoadedOrder | null;
  decision: RegisterDecision;
}

export function registrationOf(input: RegisterInput): Registration {
  const { service, user_id, wallet_id, currency, invoice_version } = input;
  return {
    service,
    user_id,
    wallet_id,
    currency,
    invoice_version,
    by_source: input.cashback_by_source === undefined ? null : parseValues(input.cashback_by_source),
    sum: input.cashback_sum === undefined ? null : parseAmount(input.cashback_sum),
    expected_revision: input.expected_revision ?? null,
  };
}

/** The order's row if this is its first register; `first` says what such a one would come to. */
export function newOrderOf(input: RegisterInput, first: RegisterDecision): NewOrder {
  const { order_id, service, user_id, wallet_id, currency, invoice_version } = input;
  const registered = first.outcome === 'registered';
  return {
    order_id,
    service,
    user_id,
    wallet_id,
    currency,
    invoice_version,
    cleared_sum: parseAmount(input.cleared_sum),
    cashback_sum: registered ? totalOf(first.target) : 0n,
    // A row that only locks is never written, so its receipt need not travel.
    receipt: registered ? (input.receipt ?? null) : null,
  };
}

/** What changes on the order's row, if anything does that the first register has not written. */
export function updateOf({ input, stored, decision }: Decided): OrderUpdate[] {
  if (stored === null) return [];
  const { order_id, invoice_version, receipt = null } = input;
  const cleared_sum = parseAmount(input.cleared_sum);
  const update = (revision: number, target: AmountsBySource): OrderUpdate[] => [
    { order_id, revision, invoice_version, cleared_sum, cashback_sum: totalOf(target), receipt },
  ];
  if (decision.outcome === 'registered') return update(decision.revision, decision.target);
  if (decision.outcome === 'unchanged' && decision.newer_version)
    return update(stored.revision, stored.target);
  return [];
}

/** The same target again is the word to try again, of an order that needs attention. */
export function resumedOf({ input, stored, decision }: Decided): string[] {
  const resumes = decision.outcome === 'unchanged' && stored !== null && stored.attention !== null;
  return resumes ? [input.order_id] : [];
}

export function eventsOf({ input, decision }: Decided): NewEvent[] {
  if (decision.outcome !== 'registered') return [];
  const { order_id, invoice_version } = input;
  const { revision } = decision;
  return decision.changes.map(({ source, value }) => ({
    order_id,
    source,
    value,
    revision,
    invoice_version,
  }));
}

/** What is stored after the call, or why it was refused. */
export function answerOf({ input, stored, decision }: Decided): RegisterOutput | CashbackError {
  if (decision.outcome === 'refused') {
    return new CashbackError(decision.code, decision.message, {
      order_id: input.order_id,
      ...decision.details,
    });
  }
  if (decision.outcome === 'registered') {
    return answer(decision.outcome, decision.revision, input.invoice_version, decision.target);
  }
  if (stored === null) throw new Error(`${input.order_id} is ${decision.outcome} without being stored`);
  const newer = decision.outcome === 'unchanged' && decision.newer_version;
  const invoiceVersion = newer ? input.invoice_version : stored.invoice_version;
  return answer(decision.outcome, stored.revision, invoiceVersion, stored.target);
}

function answer(
  outcome: RegisterOutput['outcome'],
  revision: number,
  invoice_version: number,
  target: AmountsBySource,
): RegisterOutput {
  return {
    need_processing: true,
    outcome,
    revision,
    invoice_version,
    cashback_sum: formatAmount(totalOf(target)),
    cashback_by_source: valuesOfAllSources(target),
  };
}
