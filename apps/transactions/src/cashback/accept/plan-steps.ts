import { formatAmount } from '@cashback/contract';
import type { PlannedStep } from '@cashback/core';
import type { PlannedTrustStep } from '../operation.ts';
import { stepId } from './step-id.ts';

/** Freezes a plan as steps, each with its key at Trust. */
export function planSteps(operation_id: string, plan: readonly PlannedStep[]): PlannedTrustStep[] {
  return plan.map((planned, index) => {
    const step_number = index + 1;
    const { kind, source } = planned;
    const amount = formatAmount(planned.amount);
    const refunded_basket = planned.kind === 'refund' ? planned.basket_id : null;
    const step_id = stepId({ operation_id, step_number, kind, source, amount, refunded_basket });
    return {
      operation_id,
      step_number,
      kind,
      source,
      amount,
      step_id,
      basket_id: refunded_basket ?? step_id,
    };
  });
}
