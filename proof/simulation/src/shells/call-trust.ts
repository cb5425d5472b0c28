import { parseAmount } from '@cashback/contract';
import type { SendHow, StepAnswer, Step } from '@cashback/transactions/decisions';
import { type Flow, call } from '../engine/flow.ts';
import type { CashbackOperationRow } from '../tables.ts';
import type { World } from '../world.ts';
import { type TrustAnswer, getBasket, getRefund, postBasket, postRefund } from './trust.ts';

export interface StepCall {
  operation: CashbackOperationRow;
  step: Step;
  how: SendHow;
}

/** A repeat that is refused says nothing of the request before it: then Trust is asked what it has. */
export function* callTrust(world: World, request: StepCall): Flow<StepAnswer> {
  const answer = yield* callOnce(world, request);
  if (request.how !== 'repeat' || answer.kind !== 'refused') return answer;
  const found = yield* callOnce(world, { ...request, how: 'get' });
  return found.kind === 'missing' ? answer : found;
}

function* callOnce(world: World, { operation, step, how }: StepCall): Flow<StepAnswer> {
  const isRetry = world.bug === 'new_step_id_on_retry' && how === 'repeat';
  const id = isRetry ? world.nextId(step.step_id) : step.step_id;
  const amount = parseAmount(step.amount);
  const answer = yield* call('trust', `${how} ${step.kind} ${id}`, (): Flow<TrustAnswer> => {
    if (step.kind === 'refund') {
      const { basket_id } = step;
      return how === 'get' ? getRefund(world, id) : postRefund(world, { refund_id: id, basket_id, amount });
    }
    const { wallet_id, invoice_id: order_id } = operation;
    const basket = { basket_id: id, order_id, wallet_id, source: step.source, amount };
    return how === 'get' ? getBasket(world, id) : postBasket(world, basket);
  });
  if (answer === null) return { kind: 'unknown' };
  switch (answer.status) {
    case 'success':
      return { kind: 'applied' };
    case 'pending':
      return { kind: 'pending' };
    case 'missing':
      return { kind: 'missing' };
    case 'failed':
      return { kind: 'refused', reason: answer.reason };
  }
}
