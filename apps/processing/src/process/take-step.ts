import type { HttpClient } from '@cashback/service';
import * as z from 'zod';
import { askService } from '../gather/ask-service.ts';
import type { Answer } from '../gather/read-order.ts';
import { ServiceUrlMissing } from '../gather/service-answer.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import { findSettings } from '../services/settings-of-order.ts';
import type { Answered } from './attempt-flow.ts';
import type { TakenStep } from './attempt.ts';

/** Takes a step of an attempt at an order at the upstreams, and resolves with what it has brought. */
export async function takeStep(
  orderId: string,
  taken: TakenStep,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<Answered> {
  const { server, transactions, services } = upstreams;
  const { step } = taken;
  switch (step) {
    case 'read_order':
      return { step, order: await answerOf(server.order({ order_id: orderId })) };
    case 'read_invoice': {
      const [invoice, rates] = await Promise.all([
        answerOf(retrieveInvoice(transactions, orderId, signal)),
        answerOf(server.rates.get({ order_id: orderId })),
      ]);
      return { step, invoice, rates };
    }
    case 'find_settings':
      return { step, settings: await answerOf(findSettings(taken, upstreams)) };
    case 'ask_service': {
      const { service, question } = taken;
      const url = services.find(service)?.url ?? null;
      if (url === null) {
        return { step, question, answer: { error: new ServiceUrlMissing(service) } };
      }
      return { step, question, answer: await answerOf(askService(url, question, signal)) };
    }
    case 'register': {
      const { input } = taken;
      return { step, input, answer: await answerOf(server.register(input)) };
    }
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
