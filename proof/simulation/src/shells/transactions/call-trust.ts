import { parseAmount } from '@cashback/contract/amount';
import { type Basket, PaymentError, type Refund } from '@cashback/wire';
import type { StepAnswer, TrustCall } from '@cashback/transactions/decisions';
import { type Flow, outside } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { getBasket, getRefund, postBasket, postRefund, refusesRepeat } from '../trust.ts';

export function* callTrust(world: World, request: TrustCall): Flow<StepAnswer> {
  const { answerAfterLookup, needsLookup } = world.decisions.transactions;
  const answer = yield* callOnce(world, request);
  if (!needsLookup(answer)) return answer;
  return answerAfterLookup(answer, yield* callOnce(world, { ...request, how: 'get' }));
}

function* callOnce(world: World, request: TrustCall): Flow<StepAnswer> {
  const { answerToRequest, trustRequestOf } = world.decisions.transactions;
  const { step, how } = request;
  const id = step.step_id;
  const asked = trustRequestOf(request);
  const result = yield* callOverHttp<Basket | Refund>(world, 'trust', `${how} ${step.kind} ${id}`, () => {
    const { kind, body } = asked;
    if (how === 'repeat' && refusesRepeat(world, id)) {
      return outside('refuse', () => new PaymentError('BASKET_BODY_MISMATCH', `${id} was sent before`));
    }
    const amount = parseAmount(body.amount);
    if (kind === 'refund')
      return how === 'get' ? getRefund(world, id) : postRefund(world, { ...body, amount });
    return how === 'get' ? getBasket(world, id) : postBasket(world, { ...body, amount });
  });
  return answerToRequest(how, asked, result);
}
