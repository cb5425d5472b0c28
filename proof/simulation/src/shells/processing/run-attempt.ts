import type { CashbackClientError } from '@cashback/client';
import { CashbackError, parseAmount } from '@cashback/contract';
import type {
  Attempt,
  AttemptStep,
  ChangeRow,
  Outcome,
  RegisterAnswers,
} from '@cashback/processing/decisions';
import { type Flow, call } from '../../engine/flow.ts';
import { SERVICES, ratesOf, shopCashback } from '../../services.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { register } from '../register.ts';
import { showOrder } from '../show-order.ts';
import { retrieveNewest } from '../transactions/retrieve-invoice.ts';

/** Takes the steps of an attempt at an order, one after another. */
export function* runAttempt(
  world: World,
  change: ChangeRow,
): Flow<{ outcome: Outcome; answers: RegisterAnswers }> {
  const { startAttempt, decideAttemptStep } = world.decisions.processing;
  let attempt = startAttempt(change);
  for (;;) {
    const step = decideAttemptStep(attempt);
    if (step.step === 'end') return { outcome: step.outcome, answers: attempt.answers };
    attempt = yield* takeStep(world, attempt, step);
  }
}

function* takeStep(
  world: World,
  attempt: Attempt,
  step: Exclude<AttemptStep, { step: 'end' }>,
): Flow<Attempt> {
  const { chooseSettings, frozenHash, readInvoice, readOrder, withFailure, withKnown, withRegisterAnswer } =
    world.decisions.processing;
  const { order_id, change, known } = attempt;
  switch (step.step) {
    case 'read_order': {
      const answer = yield* callServer(world, `order ${order_id}`, () => showOrder(world, order_id));
      try {
        return withKnown(attempt, { order: readOrder(answer) });
      } catch (error) {
        return withFailure(attempt, error);
      }
    }
    case 'read_invoice': {
      const result = yield* callOverHttp(world, 'transactions', `invoice ${order_id}`, () =>
        retrieveNewest(world, order_id),
      );
      if ('error' in result) return withFailure(attempt, result.error);
      const read = readInvoice(order_id, result.body);
      if ('unreadable' in read) return withKnown(attempt, { invoice: read });
      const { invoice } = read;
      const rates = ratesOf(order_id, invoice.service);
      const config = SERVICES[invoice.service];
      // No service changes its settings here, so none has to be looked up in the archive.
      const current = config && { config, config_hash: '' };
      const service = chooseSettings(frozenHash(change, known.order ?? null), current, undefined);
      return withKnown(attempt, { invoice: { invoice, rates, service } });
    }
    case 'ask_service': {
      const value = shopCashback(parseAmount(step.question.base));
      return withKnown(attempt, {
        service_answer: world.engine.happens('silent_shop')
          ? { answered: false, reason: 'no answer' }
          : { answered: true, value },
      });
    }
    case 'register': {
      const { input } = step;
      const answer = yield* callServer(world, `register ${order_id}`, () => register(world, input));
      return 'error' in answer
        ? withFailure(attempt, answer.error)
        : withRegisterAnswer(attempt, input, answer.body);
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
