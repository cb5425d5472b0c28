import {
  type ChargeJob,
  type NewEvent,
  type NewOrder,
  type OrderUpdate,
  chargeJob,
} from '@cashback/cashback-db';
import { type AmountsBySource, parseAmount, totalOf } from '@cashback/contract';
import type { DecidedCall } from './decide-call.ts';

/** The row of an order that has none yet, as its first register leaves it. */
export function newOrderOf({ input, decision }: DecidedCall): NewOrder {
  const { order_id, service, user_id, wallet_id, currency, invoice_version } = input;
  const registered = decision.outcome === 'registered';
  return {
    order_id,
    service,
    user_id,
    wallet_id,
    currency,
    invoice_epoch: registered ? decision.invoice_epoch : 1,
    invoice_version,
    cleared_sum: parseAmount(input.cleared_sum),
    cashback_sum: registered ? totalOf(decision.target) : 0n,
    // The row of a refused call only locks the one that is there, so its receipt need not travel.
    receipt: registered ? (input.receipt ?? null) : null,
  };
}

/** What a decided call writes in the transaction that holds its order's lock, beside the row of a new order. */
export interface RegisterWrites {
  /** Of an order that was there. */
  update: OrderUpdate | null;
  /** The order to retry: it needed attention, and the same target again asks for another attempt. It releases nothing. */
  resume: string | null;
  events: NewEvent[];
  /** Also for a call that changes nothing: its first answer was lost perhaps, and so was the job. */
  job: ChargeJob | null;
}

export function writesOf(call: DecidedCall): RegisterWrites {
  const { input, stored, decision } = call;
  const isHeld = (stored?.allowed ?? null) !== null;
  const resumes = decision.outcome === 'unchanged' && stored !== null && stored.attention !== null && !isHeld;
  return {
    update: updateOf(call),
    resume: resumes ? input.order_id : null,
    events: eventsOf(call),
    job: decision.outcome === 'refused' ? null : chargeJob(input.order_id),
  };
}

function updateOf({ input, stored, decision }: DecidedCall): OrderUpdate | null {
  if (stored === null) return null;
  const update = (
    { invoice_epoch }: { invoice_epoch: number },
    revision: number,
    target: AmountsBySource,
    is_new_target: boolean,
  ): OrderUpdate => ({
    order_id: input.order_id,
    revision,
    is_new_target,
    invoice_epoch,
    invoice_version: input.invoice_version,
    cleared_sum: parseAmount(input.cleared_sum),
    cashback_sum: totalOf(target),
    receipt: input.receipt ?? null,
  });
  if (decision.outcome === 'registered') return update(decision, decision.revision, decision.target, true);
  const newerInvoice = decision.outcome === 'unchanged' && decision.newer_version;
  return newerInvoice ? update(decision, stored.revision, stored.target, false) : null;
}

function eventsOf({ input, decision }: DecidedCall): NewEvent[] {
  if (decision.outcome !== 'registered') return [];
  const { order_id, invoice_version } = input;
  const { invoice_epoch, revision } = decision;
  return decision.changes.map(({ source, value }) => ({
    order_id,
    source,
    value,
    revision,
    invoice_epoch,
    invoice_version,
  }));
}
