import { randomUUID } from 'node:crypto';
import { signCallback } from '@cashback/service';
import type { Handler, ProxiedRequest } from '../support/proxy.ts';

/** An implementation that sends its callbacks wrongly; the handler stands between it and their receiver. */
export interface BrokenSender {
  does: string;
  breaks: string;
  handler: (secrets: { invoice_secret: string }) => Handler;
}

const isAboutOperation = ({ path }: ProxiedRequest): boolean => path.endsWith('/operation');

const accepted = { status: 204, body: '' };

export const BROKEN_SENDERS: readonly BrokenSender[] = [
  {
    does: 'never repeats a callback that was not accepted',
    breaks: 'T34',
    handler: () => async (_, forward) => {
      await forward();
      return accepted;
    },
  },
  {
    does: 'loses callbacks of invoices',
    breaks: 'T32',
    handler: () => async (request, forward) => (isAboutOperation(request) ? forward() : accepted),
  },
  {
    does: 'repeats a callback under another id',
    breaks: 'T34',
    handler:
      ({ invoice_secret }) =>
      async (request, forward) => {
        if (isAboutOperation(request)) return forward();
        const signed = signCallback(invoice_secret, {
          id: randomUUID(),
          body: request.body,
          now: new Date(),
        });
        return forward({ headers: { ...request.headers, ...signed } });
      },
  },
  {
    does: 'loses callbacks of operations',
    breaks: 'T33',
    handler: () => async (request, forward) => (isAboutOperation(request) ? accepted : forward()),
  },
];
