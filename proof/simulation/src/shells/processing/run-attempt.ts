import type { CashbackClientError } from '@cashback/client';
import { CashbackError, formatAmount, parseAmount } from '@cashback/contract';
import type {
  Answered,
  AttemptEnd,
  ChangeRow,
  StepFailures,
  TakenStep,
} from '@cashback/processing/decisions';
import { type Flow, call } from '../../engine/flow.ts';
import { SERVICES, ratesOf, shopCashback } from '../../services.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { register } from '../register.ts';
import { showOrder } from '../show-order.ts';
import { retrieveNewest } from '../transactions/retrieve-invoice.ts';

const SHOP = {
  upstream: 'the shop',
  method: 'POST',
  origin: '',
  path: '/cashback',
  timeout_ms: 1_000,
} as const;

/** Takes the steps of an attempt at an order, one after another. */
export function* runAttempt(world: World, change: ChangeRow, failures: StepFailures): Flow<AttemptEnd> {
  const { attemptAfter, beginAttempt, endOf, nextStep } = world.decisions.processing;
  let attempt = beginAttempt(change, failures);
  for (;;) {
    const step = nextStep(attempt);
    if (step.step === 'end') return endOf(attempt, step.outcome);
    attempt = attemptAfter(attempt, yield* takeStep(world, change.order_id, step), failures);
  }
}

function* takeStep(world: World, orderId: string, taken: TakenStep): Flow<Answered> {
  const { step } = taken;
  switch (step) {
    case 'read_order':
      return { step, order: yield* callServer(world, `order ${orderId}`, () => showOrder(world, orderId)) };
    case 'read_invoice': {
      const invoice = yield* callOverHttp(world, 'transactions', `invoice ${orderId}`, () =>
        retrieveNewest(world, orderId),
      );
      // Every order has rates, and they never change.
      const service = 'body' in invoice ? invoice.body.service : 'unknown';
      return { step, invoice, rates: { body: ratesOf(orderId, service) } };
    }
    case 'find_settings': {
      const config = SERVICES[taken.service];
      // No service changes its settings here, so none has to be looked up in the archive.
      return {
        step,
        settings: { body: { current: config && { config, config_hash: '' }, archived: undefined } },
      };
    }
    case 'ask_service': {
      const { question } = taken;
      const answer = world.engine.happens('silent_shop')
        ? { error: world.decisions.http.noAnswer(SHOP) }
        : { body: { value: formatAmount(shopCashback(parseAmount(question.base))) } };
      return { step, question, answer };
    }
    case 'register': {
      const { input } = taken;
      const answer = yield* callServer(world, `register ${orderId}`, () => register(world, input));
      return { step, input, answer };
    }
  }
}

/** A call as the SDK ends it, by what the server answers. */
function* callServer<Body>(
  { decisions }: World,
  what: string,
  handle: () => Flow<Body | CashbackError>,
): Flow<{ body: Body } | { error: CashbackClientError }> {
  const { explainError, refusedCall, unreachable } = decisions.sdk;
  const answer = yield* call('server', what, handle);
  if (answer === null) return { error: unreachable('server', 'no answer in time') };
  if (!(answer instanceof CashbackError)) return { body: answer };
  const explained = explainError(answer, what, () => []);
  if (explained === undefined) throw answer;
  return { error: refusedCall(explained) };
}
