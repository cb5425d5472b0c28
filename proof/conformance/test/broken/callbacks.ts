import { randomUUID } from 'node:crypto';
import type { HttpAnswer, HttpHook, HttpRequest } from '@cashback/proxies';
import { signCallback } from '@cashback/service';

/** An implementation that sends its callbacks wrongly; the hook stands between it and their receiver. */
export interface BrokenSender {
  does: string;
  breaks: string;
  hook: (secrets: { invoice_secret: string }) => HttpHook;
}

const isAboutOperation = ({ path }: HttpRequest): boolean => path.endsWith('/operation');

const accepted: HttpAnswer = { status: 204, headers: {}, body: '' };

export const BROKEN_SENDERS: readonly BrokenSender[] = [
  {
    does: 'never repeats a callback that was not accepted',
    breaks: 'T34',
    hook: () => async (_, forward) => {
      await forward();
      return accepted;
    },
  },
  {
    does: 'loses callbacks of invoices',
    breaks: 'T32',
    hook: () => async (request, forward) => (isAboutOperation(request) ? forward() : accepted),
  },
  {
    does: 'repeats a callback under another id',
    breaks: 'T34',
    hook:
      ({ invoice_secret }) =>
      async (request, forward) => {
        if (isAboutOperation(request)) return forward();
        const signed = signCallback(invoice_secret, {
          id: randomUUID(),
          body: String(request.body),
          now: new Date(),
        });
        return forward({ headers: { ...request.headers, ...signed } });
      },
  },
  {
    does: 'loses callbacks of operations',
    breaks: 'T33',
    hook: () => async (request, forward) => (isAboutOperation(request) ? accepted : forward()),
  },
];
