import { formatAmount } from '@cashback/contract';
import type { PlannedStep } from '@cashback/core';
import type { NewStep } from '../operation.ts';
import { stepId } from './step-id.ts';

/** The plan of an operation as the steps that freeze it, each with its key at Trust. */
export function planSteps(operationId: string, plan: readonly PlannedStep[]): NewStep[] {
  return plan.map((step, index) => {
    const step_id = stepId(operationId, index + 1);
    return {
      operation_id: operationId,
      step_number: index + 1,
      kind: step.kind,
      source: step.source,
      amount: formatAmount(step.amount),
      step_id,
      basket_id: step.kind === 'topup' ? step_id : step.basket_id,
    };
  });
}
