import { formatAmount } from '@cashback/contract';
import type { PlannedStep } from '@cashback/core';
import type { PlannedTrustStep } from '../operation.ts';
import { stepId } from './step-id.ts';

/** Freezes a plan as steps, each with its key at Trust. */
export function planSteps(operationId: string, plan: readonly PlannedStep[]): PlannedTrustStep[] {
  return plan.map((planned, index) => {
    const step_number = index + 1;
    const step_id = stepId(operationId, step_number);
    return {
      operation_id: operationId,
      step_number,
      kind: planned.kind,
      source: planned.source,
      amount: formatAmount(planned.amount),
      step_id,
      basket_id: planned.kind === 'topup' ? step_id : planned.basket_id,
    };
  });
}
