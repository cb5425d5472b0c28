import { type BrokenImplementation, invoiceOf, on, onSuccess, refusal } from './exchange.ts';

/** Invoices: T6 to T14. */
export const invoices: readonly BrokenImplementation[] = [
  {
    does: 'ignores the version of an update',
    breaks: ['T9', 'T12'],
    fault: () =>
      on('/v2/invoice/update', async (exchange) => {
        for (let attempt = 0; attempt < 20; attempt++) {
          const { version } = await invoiceOf(exchange);
          const answer = await exchange.forward({
            ...exchange.body,
            version: version ?? exchange.body.version,
          });
          if (answer.body.error?.code !== 'VERSION_MISMATCH') return answer;
        }
        return refusal(503, 'OVERLOADED');
      }),
  },
  {
    does: 'keeps the version when the money changes',
    breaks: ['T8'],
    fault: () => onSuccess('/v2/invoice/update', (body) => (body.version = 1)),
  },
  {
    does: 'raises the version for the same money',
    breaks: ['T10'],
    fault: () =>
      onSuccess('/v2/invoice/update', (answer, { body }) => {
        if (answer.version === body.version) answer.version += 1;
      }),
  },
  {
    does: 'lets any status follow any other',
    breaks: ['T11'],
    fault: () =>
      on('/v2/invoice/update', async (exchange) => {
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'STATUS_FORBIDDEN') return answer;
        return { status: 200, body: { ...(await invoiceOf(exchange)), status: exchange.body.status } };
      }),
  },
  {
    does: 'does not say that an invoice is unknown',
    breaks: ['T14'],
    fault: () =>
      on('/v2/invoice/update', async ({ forward }) => {
        const answer = await forward();
        return answer.status === 404 ? refusal(400, 'BAD_REQUEST') : answer;
      }),
  },
  {
    does: 'answers another creation with the stored invoice',
    breaks: ['T6'],
    fault: () =>
      on('/v2/invoice/create', async (exchange) => {
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'INVOICE_EXISTS') return answer;
        return { status: 200, body: await invoiceOf(exchange) };
      }),
  },
  {
    does: 'forgets the first version in the history',
    breaks: ['T13'],
    fault: () =>
      onSuccess('/v2/invoice/history', (body) => {
        body.versions = body.versions.filter(({ version }: { version: number }) => version > 1);
      }),
  },
];
