import { CashbackClientError } from '@cashback/client';
import { formatAmount } from '@cashback/contract';
import { askService } from '../gather/ask-service.ts';
import { keptValue } from '../gather/choose-inputs.ts';
import { readInvoice } from '../gather/read-invoice.ts';
import { frozenHash, settingsOf } from '../services/settings-of-order.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import type { Attempt } from './attempt-state.ts';
import { type AttemptStep, withKnown, withRegisterAnswer } from './attempt.ts';

/** Takes a step at the upstreams. Resolves with the attempt after it, and rejects with the error of an upstream. */
export async function takeStep(
  attempt: Attempt,
  step: Exclude<AttemptStep, { step: 'end' }>,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<Attempt> {
  const { server, transactions, services, log } = upstreams;
  const { order_id } = attempt;
  switch (step.step) {
    case 'read_order': {
      const order = await orNull('ORDER_NOT_FOUND', server.order({ order_id }));
      return withKnown(attempt, { order });
    }
    case 'read_invoice': {
      const [read, rates] = await Promise.all([
        readInvoice(transactions, order_id, signal),
        orNull('RATES_NOT_FOUND', server.rates.get({ order_id })),
      ]);
      if ('unreadable' in read) return withKnown(attempt, { invoice: read });
      const { invoice } = read;
      const hash = frozenHash(attempt.change, attempt.known.order ?? null);
      const service = await settingsOf(invoice.service, hash, upstreams);
      return withKnown(attempt, { invoice: { invoice, rates, service } });
    }
    case 'ask_service': {
      const { service, question } = step;
      const url = services.find(service)?.url ?? null;
      if (url === null) throw new Error(`the service ${service} has no URL to ask`);
      const service_answer = await askService(url, question, signal);
      if (!service_answer.answered) {
        const kept = formatAmount(keptValue(attempt.known.order ?? null));
        const line = { order_id, reason: service_answer.reason, kept };
        log.debug(line, 'service did not answer, its value is kept');
      }
      return withKnown(attempt, { service_answer });
    }
    case 'register':
      return withRegisterAnswer(attempt, step.input, await server.register(step.input));
  }
}

async function orNull<T>(code: string, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === code) return null;
    throw error;
  }
}
