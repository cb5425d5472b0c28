import { parseAmount } from '@cashback/contract/amount';
import {
  type StepAnswer,
  type TrustCall,
  answerAfterLookup,
  needsLookup,
  trustRequestOf,
} from '@cashback/transactions/decisions';
import { type Flow, call } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { type TrustAnswer, getBasket, getRefund, postBasket, postRefund } from '../trust.ts';

export function* callTrust(world: World, request: TrustCall): Flow<StepAnswer> {
  const answer = yield* callOnce(world, request);
  if (!needsLookup(request.how, answer)) return answer;
  return answerAfterLookup(answer, yield* callOnce(world, { ...request, how: 'get' }));
}

function* callOnce(world: World, request: TrustCall): Flow<StepAnswer> {
  const { step, how } = request;
  const id = step.step_id;
  const answer = yield* call('trust', `${how} ${step.kind} ${id}`, (): Flow<TrustAnswer> => {
    const { kind, body } = trustRequestOf(request);
    const amount = parseAmount(body.amount);
    if (kind === 'refund')
      return how === 'get' ? getRefund(world, id) : postRefund(world, { ...body, amount });
    return how === 'get' ? getBasket(world, id) : postBasket(world, { ...body, amount });
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
