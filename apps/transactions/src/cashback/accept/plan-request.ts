import type { BasketState } from '@cashback/core';
import type { UpdateCashbackInput } from '@cashback/wire';
import type { LockedInvoice } from '../../invoices/invoice.ts';
import { type AcceptanceWrites, acceptOperation } from './accept-operation.ts';
import { type RequestDecision, decideRequest } from './decide-request.ts';
import type { RequestedOperations } from './requested-operations.ts';
import type { WalletPolicies } from './wallet-policies.ts';

export interface DecidedRequest {
  input: UpdateCashbackInput;
  decision: RequestDecision;
}

/** A request that is accepted, with what that writes; any other writes nothing. */
export interface PlannedRequest extends DecidedRequest {
  writes: AcceptanceWrites | null;
}

/**
 * Decides requests of distinct invoices, by those that exist, under their locks, and by the operations that they name or have.
 * `compared`: see `RequestContext`.
 */
export function decideRequests(
  inputs: readonly UpdateCashbackInput[],
  invoices: readonly LockedInvoice[],
  { known, unfinished, compared }: RequestedOperations & { compared: number | null },
): DecidedRequest[] {
  const found = new Map(invoices.map((invoice) => [invoice.invoice_id, invoice]));
  return inputs.map((input) => ({
    input,
    decision: decideRequest(input, {
      invoice: found.get(input.invoice_id) ?? null,
      known: known.get(input.operation_id) ?? null,
      unfinished: unfinished.get(input.invoice_id) ?? null,
      compared,
    }),
  }));
}

/** `baskets`: those of its invoice that hold something, oldest first; of an accepted request alone they matter. */
export function planRequest(
  { input, decision }: DecidedRequest,
  context: { wallet_policies: WalletPolicies; baskets: readonly BasketState[] },
): PlannedRequest {
  if (decision.outcome !== 'accepted') return { input, decision, writes: null };
  const { invoice, completes } = decision;
  const adopted_epoch = completes ? invoice.epoch : null;
  const writes = acceptOperation(input, { service: invoice.service, ...context, adopted_epoch });
  return { input, decision, writes };
}
