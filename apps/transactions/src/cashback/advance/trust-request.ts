import type { BasketInput, RefundInput } from '@cashback/wire';
import type { StepAnswer } from './decide-advance.ts';
import type { TrustCall } from './advance-operation.ts';

/** What creates the basket or the refund of a step. The same step gives the same request forever. */
export type TrustRequest =
  | { kind: 'topup'; body: BasketInput }
  | { kind: 'refund'; body: Omit<RefundInput, 'wallet_policy'> & Partial<RefundInput> };

export function trustRequestOf({ operation, step }: Pick<TrustCall, 'operation' | 'step'>): TrustRequest {
  const { basket_id, amount, source } = step;
  if (step.kind === 'topup') {
    const { wallet_id, user_id, currency, invoice_id: order_id } = operation;
    return { kind: 'topup', body: { basket_id, wallet_id, user_id, currency, amount, source, order_id } };
  }
  // The usual policy is left out: a payment system may not know the field.
  const { wallet_policy } = operation;
  const policy = wallet_policy === 'go_negative' ? {} : { wallet_policy };
  return { kind: 'refund', body: { refund_id: step.step_id, basket_id, amount, ...policy } };
}

/** An error code says nothing of what Trust has under the id: an earlier request may have been carried out. */
export function needsLookup(answer: StepAnswer): boolean {
  return answer.kind === 'not kept';
}

/** The effect that Trust has under the id counts. Without one, a later request may still be carried out. */
export function answerAfterLookup(refusal: StepAnswer, found: StepAnswer): StepAnswer {
  return found.kind === 'missing' ? refusal : found;
}
