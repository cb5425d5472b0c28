import { formatAmounts, parseAmounts } from '@cashback/contract';
import type { OperationFinishedCallback, UpdateCashbackInput } from '@cashback/wire';
import { type BasketState, planBaskets } from '@cashback/core';
import { type PlannedTrustStep, type StoredOperation, isFinished, versionAfter } from '../operation.ts';
import { planSteps } from './plan-steps.ts';
import { type WalletPolicies, walletPolicyOf } from './wallet-policies.ts';

/** What accepting an operation writes. */
export interface AcceptanceWrites {
  operation: StoredOperation;
  /** The frozen plan. */
  steps: PlannedTrustStep[];
  invoice: { invoice_id: string; cashback_version: number };
  /** An operation without steps ends where it is accepted. */
  callback: OperationFinishedCallback | null;
  /** The epoch up to which its caller has completed the history of the invoice; null: it does not say. */
  adopted_epoch: number | null;
}

/** Freezes how an accepted operation reaches its target from the baskets that the invoice has, oldest first. */
export function acceptOperation(
  input: UpdateCashbackInput,
  context: {
    service: string;
    wallet_policies: WalletPolicies;
    baskets: readonly BasketState[];
    adopted_epoch?: number | null;
  },
): AcceptanceWrites {
  const { history: _stated, ...request } = input;
  const { operation_id, invoice_id } = request;
  const target = parseAmounts(request.reward);
  const steps = planSteps(operation_id, planBaskets(target, context.baskets));
  const operation: StoredOperation = {
    ...request,
    version: request.version + 1,
    reward: formatAmounts(target),
    wallet_policy: walletPolicyOf(context.wallet_policies, context.service),
    status: steps.length === 0 ? 'success' : 'init',
  };
  const { status } = operation;
  return {
    operation,
    steps,
    invoice: { invoice_id, cashback_version: versionAfter(operation) },
    callback: isFinished(status) ? { invoice_id, operation_id, status } : null,
    adopted_epoch: context.adopted_epoch ?? null,
  };
}
