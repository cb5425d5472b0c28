import { formatAmount } from '@cashback/contract';
import type { HttpClient } from '@cashback/service';
import * as z from 'zod';
import { askService } from '../gather/ask-service.ts';
import { keptValue } from '../gather/choose-inputs.ts';
import { readInvoice } from '../gather/read-invoice.ts';
import { type Answer, readOrder, readRates } from '../gather/read-order.ts';
import { findSettings, frozenHash } from '../services/settings-of-order.ts';
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
    case 'read_order':
      return withKnown(attempt, { order: readOrder(await answerOf(server.order({ order_id }))) });
    case 'read_invoice': {
      const [answer, rates] = await Promise.all([
        retrieveInvoice(transactions, order_id, signal),
        answerOf(server.rates.get({ order_id })).then(readRates),
      ]);
      const read = readInvoice(order_id, answer);
      if ('unreadable' in read) return withKnown(attempt, { invoice: read });
      const { invoice } = read;
      const hash = frozenHash(attempt.change, attempt.known.order ?? null);
      const service = await findSettings(invoice.service, hash, upstreams);
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

/** A JSON object is an answer about this order; a page of a proxy is not, and says nothing about the order. */
const anyAnswer = z.record(z.string(), z.unknown());

function retrieveInvoice(
  transactions: HttpClient,
  orderId: string,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  return transactions.post('/v2/invoice/retrieve', { invoice_id: orderId }, anyAnswer, { signal });
}

function answerOf<Body>(call: Promise<Body>): Promise<Answer<Body>> {
  return call.then(
    (body) => ({ body }),
    (error: unknown) => ({ error }),
  );
}
