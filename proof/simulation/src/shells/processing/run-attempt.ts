import { CashbackClientError } from '@cashback/client';
import { CashbackError, type OrderOutput, formatAmount, formatValues, parseAmount } from '@cashback/contract';
import type {
  Attempt,
  AttemptStep,
  ChangeRow,
  Outcome,
  RegisterAnswers,
} from '@cashback/processing/decisions';
import type { LockedInvoice } from '@cashback/transactions/decisions';
import { type Flow, call, outside } from '../../engine/flow.ts';
import { SERVICES, ratesOf, shopCashback } from '../../services.ts';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { register, targetOf } from '../register.ts';
import { refuseUnknown, takeRelease, targetReadBy } from '../release.ts';

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
  const { withFailure, withKnown, withRegisterAnswer } = world.decisions.processing;
  const { order_id } = attempt;
  switch (step.step) {
    case 'read_order': {
      const known = yield* call('server', `order ${order_id}`, () => readOrder(world, order_id));
      if (known === null) return withFailure(attempt, serverUnreachable());
      return known instanceof CashbackError
        ? withFailure(attempt, asClientError(known))
        : withKnown(attempt, known);
    }
    case 'read_invoice': {
      const result = yield* callOverHttp('transactions', `invoice ${order_id}`, () =>
        readInvoice(world, order_id),
      );
      if ('error' in result) return withFailure(attempt, result.error);
      const invoice = result.body;
      const config = SERVICES[invoice.service];
      const service = config && { config, config_hash: '' };
      const rates = ratesOf(order_id, invoice.service);
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
      const answer = yield* call('server', `register ${order_id}`, () => register(world, input));
      if (answer === null) return withFailure(attempt, serverUnreachable());
      return answer instanceof CashbackError
        ? withFailure(attempt, asClientError(answer))
        : withRegisterAnswer(attempt, input, answer);
    }
  }
}

function* readOrder(world: World, orderId: string): Flow<Pick<Attempt['known'], 'order'> | CashbackError> {
  const { tables } = world;
  const release = takeRelease(world);
  return yield* outside('read', () => {
    const row = tables.orders.get(orderId);
    if (row === undefined) return { order: null };
    const refused = refuseUnknown(Object.keys(targetReadBy(release, targetOf(tables.events, orderId))));
    if (refused !== null) return refused;
    const { revision, receipt, service, user_id, wallet_id, currency, invoice_epoch, invoice_version } = row;
    const stated = { service, user_id, wallet_id, currency, cleared_sum: formatAmount(row.cleared_sum) };
    const target = formatValues(targetOf(tables.events, orderId));
    const version = { invoice_epoch, invoice_version };
    return { order: { revision, target, receipt: receipt as OrderOutput['receipt'], ...version, ...stated } };
  });
}

function* readInvoice(
  { tables }: World,
  orderId: string,
): Flow<(LockedInvoice & { invoice_epoch: number }) | CashbackError> {
  return yield* outside('read', () => {
    const invoice = tables.invoices.get(orderId);
    return invoice === undefined
      ? new CashbackError('INVOICE_NOT_FOUND', `there is no invoice ${orderId}`, { invoice_id: orderId })
      : { ...invoice, invoice_epoch: newestEpoch(tables.invoice_epochs) };
  });
}

/** As the SDK ends a call. */
function asClientError({ code, message, retryable, details }: CashbackError): CashbackClientError {
  return new CashbackClientError(code, message, { retryable, details });
}

function serverUnreachable(): CashbackClientError {
  return new CashbackClientError('UNREACHABLE', 'no answer', { retryable: true });
}
