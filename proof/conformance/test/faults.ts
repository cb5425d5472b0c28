import { randomUUID } from 'node:crypto';
import { formatAmount, parseAmount } from '@cashback/contract';
import type { Body, Exchange, Fault } from './faulty-proxy.ts';

const UPDATE_CASHBACK = '/update/cashback';
const RETRIEVE = '/v2/invoice/retrieve';

const refusal = (status: number, code: string) => ({
  status,
  body: { error: { code, message: 'as a broken implementation wants it', retryable: false } },
});

const invoiceOf = async ({ body, forward }: Exchange): Promise<Body> =>
  (await forward({ invoice_id: body.invoice_id }, RETRIEVE)).body;

/** Only the exchanges of one route are changed. */
const on =
  (path: string, fault: Fault): Fault =>
  (exchange) =>
    exchange.path === path ? fault(exchange) : exchange.forward();

/** Only answers that are a success are changed. */
const afterwards = (path: string, change: (body: Body, exchange: Exchange) => void): Fault =>
  on(path, async (exchange) => {
    const answer = await exchange.forward();
    if (answer.status === 200) change(answer.body, exchange);
    return answer;
  });

/** Every broken implementation: what it does, the guarantees that it breaks, and how. */
export const FAULTS: readonly { does: string; breaks: string[]; open?: true; fault: () => Fault }[] = [
  {
    does: 'answers a repeated id with a new operation',
    breaks: ['T23', 'T28', 'T30'],
    fault: () => {
      const seen = new Set<string>();
      return on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id } = exchange.body;
        if (!seen.has(operation_id)) {
          seen.add(operation_id);
          return exchange.forward();
        }
        const { cashback } = await invoiceOf(exchange);
        const again = { ...exchange.body, operation_id: randomUUID(), version: cashback.version };
        const answer = await exchange.forward(again);
        return answer.status === 200 ? { ...answer, body: { ...answer.body, operation_id } } : answer;
      });
    },
  },
  {
    does: 'does not look at the version of an operation',
    breaks: ['T26'],
    fault: () => {
      const sent = new Map<string, number>();
      return on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id } = exchange.body;
        const { cashback } = await invoiceOf(exchange);
        const version = sent.get(operation_id) ?? cashback?.version ?? exchange.body.version;
        sent.set(operation_id, version);
        return exchange.forward({ ...exchange.body, version });
      });
    },
  },
  {
    does: 'reports success and the target before the money has moved',
    breaks: ['T20', 'T35'],
    fault: () =>
      afterwards(RETRIEVE, ({ cashback }) => {
        const [newest] = cashback.operations;
        if (newest === undefined || cashback.status === 'failed') return;
        cashback.status = 'success';
        newest.status = 'success';
        cashback.rewarded = newest.reward;
      }),
  },
  {
    does: 'accepts another body under a known id',
    breaks: ['T24'],
    fault: () =>
      on(UPDATE_CASHBACK, async ({ body, forward }) => {
        const answer = await forward();
        if (answer.body.error?.code !== 'OPERATION_BODY_MISMATCH') return answer;
        return { status: 200, body: { operation_id: body.operation_id, status: 'success', version: 2 } };
      }),
  },
  {
    does: 'forgets the ids that it lists no more',
    breaks: ['T28'],
    fault: () => {
      const seen = new Set<string>();
      return on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id } = exchange.body;
        const { cashback } = await invoiceOf(exchange);
        const listed = cashback?.operations.some((one: Body) => one.operation_id === operation_id);
        if (seen.has(operation_id) && !listed) return refusal(409, 'VERSION_MISMATCH');
        seen.add(operation_id);
        return exchange.forward();
      });
    },
  },
  {
    does: 'leaves changes out of the feed',
    breaks: ['T16'],
    fault: () => {
      let told = 0;
      return afterwards('/v2/invoice/changes', (body) => {
        body.changes = body.changes.filter(() => ++told % 5 !== 0);
      });
    },
  },
  {
    does: 'tells the first version in the feed',
    breaks: ['T15', 'T16'],
    fault: () =>
      afterwards('/v2/invoice/changes', ({ changes }) => {
        for (const change of changes) change.version = 1;
      }),
  },
  {
    does: 'takes anything for a cursor',
    breaks: ['T17'],
    fault: () =>
      on('/v2/invoice/changes', async ({ forward }) => {
        const answer = await forward();
        return answer.body.error?.code === 'CURSOR_INVALID' ? forward({ limit: 1 }) : answer;
      }),
  },
  {
    does: 'pays back to whoever is named',
    breaks: ['T27'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'PAYEE_MISMATCH') return answer;
        const { user_id, wallet_id, currency } = await invoiceOf(exchange);
        return exchange.forward({ ...exchange.body, user_id, wallet_id, currency });
      }),
  },
  {
    does: 'is open',
    breaks: ['T1'],
    open: true,
    fault:
      () =>
      ({ forward }) =>
        forward(),
  },
  {
    does: 'drops fields that it does not know',
    breaks: ['T3'],
    fault:
      () =>
      ({ body, forward }) => {
        const { note: _, ...rest } = body;
        return forward(rest);
      },
  },
  {
    does: 'rounds a fifth decimal',
    breaks: ['T3'],
    fault:
      () =>
      ({ body, forward }) =>
        forward(
          JSON.parse(
            JSON.stringify(body, (key, value: unknown) =>
              key === 'amount' && typeof value === 'string' ? value.replace(/(\.\d{4})\d+$/, '$1') : value,
            ),
          ),
        ),
  },
  {
    does: 'does not name the field that is wrong',
    breaks: ['T3'],
    fault:
      () =>
      async ({ forward }) => {
        const answer = await forward();
        if (answer.body.error !== undefined) delete answer.body.error.issues;
        return answer;
      },
  },
  {
    does: 'does not look at the version of an update',
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
    fault: () => afterwards('/v2/invoice/update', (body) => (body.version = 1)),
  },
  {
    does: 'makes a version of what states the same money',
    breaks: ['T10'],
    fault: () =>
      afterwards('/v2/invoice/update', (answer, { body }) => {
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
    does: 'finds no words for what is not there',
    breaks: ['T14'],
    fault: () =>
      on('/v2/invoice/update', async ({ forward }) => {
        const answer = await forward();
        return answer.status === 404 ? refusal(400, 'BAD_REQUEST') : answer;
      }),
  },
  {
    does: 'gives one id to several invoices',
    breaks: ['T31'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id } = exchange.body;
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'OPERATION_BODY_MISMATCH') return answer;
        const another = await exchange.forward({ ...exchange.body, operation_id: randomUUID() });
        return { ...another, body: { ...another.body, operation_id } };
      }),
  },
  {
    does: 'answers a repeated creation with another one of the id',
    breaks: ['T6'],
    fault: () =>
      on('/v2/invoice/create', async (exchange) => {
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'INVOICE_EXISTS') return answer;
        return { status: 200, body: await invoiceOf(exchange) };
      }),
  },
  {
    does: 'answers amounts as numbers',
    breaks: ['T4', 'T5'],
    fault:
      () =>
      async ({ forward }) => {
        const { status, body } = await forward();
        const changed = JSON.stringify(body, (key, value: unknown) =>
          key === 'amount' ? Number(value) : value,
        );
        return { status, body: JSON.parse(changed) };
      },
  },
  {
    does: 'answers amounts with two places',
    breaks: ['T7'],
    fault:
      () =>
      async ({ forward }) => {
        const { status, body } = await forward();
        const changed = JSON.stringify(body, (key, value: unknown) =>
          key === 'amount' ? String(value).slice(0, -2) : value,
        );
        return { status, body: JSON.parse(changed) };
      },
  },
  {
    does: 'adds the target to what is rewarded already',
    breaks: ['T19'],
    fault: () => {
      const asked = new Map<string, Body>();
      return on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id, reward } = exchange.body;
        const { cashback } = await invoiceOf(exchange);
        const sums = new Map<string, bigint>();
        for (const { source, amount } of [...reward, ...(cashback?.rewarded ?? [])]) {
          sums.set(source, (sums.get(source) ?? 0n) + parseAmount(amount));
        }
        const added =
          asked.get(operation_id) ??
          [...sums].map(([source, sum]) => ({ source, amount: formatAmount(sum) }));
        asked.set(operation_id, added);
        return exchange.forward({ ...exchange.body, reward: added });
      });
    },
  },
  {
    does: 'lists the oldest operation first',
    breaks: ['T21'],
    fault: () =>
      afterwards(RETRIEVE, ({ cashback }) => {
        cashback.operations = cashback.operations.toReversed();
      }),
  },
  {
    does: 'looks at the version before what is in flight',
    breaks: ['T25'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const answer = await exchange.forward();
        return answer.body.error?.code === 'OPERATION_IN_FLIGHT' ? refusal(409, 'VERSION_MISMATCH') : answer;
      }),
  },
  {
    does: 'says to accept what it does not',
    breaks: ['T25', 'T29'],
    fault: () =>
      on(UPDATE_CASHBACK, async ({ body, forward }) => {
        const answer = await forward();
        if (answer.body.error?.code !== 'OPERATION_IN_FLIGHT') return answer;
        return { status: 200, body: { operation_id: body.operation_id, status: 'init', version: 1 } };
      }),
  },
  {
    does: 'applies what it has refused',
    breaks: ['T26'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const answer = await exchange.forward();
        if (answer.body.error?.code !== 'VERSION_MISMATCH') return answer;
        const { cashback } = await invoiceOf(exchange);
        await exchange.forward({ ...exchange.body, version: cashback.version });
        return answer;
      }),
  },
  {
    does: 'counts changes of money in the version of the cashback',
    breaks: ['T22'],
    fault: () => afterwards(RETRIEVE, (body) => (body.cashback.version += body.version - 1)),
  },
  {
    does: 'forgets the first version in the history',
    breaks: ['T13'],
    fault: () =>
      afterwards('/v2/invoice/history', (body) => {
        body.versions = body.versions.filter(({ version }: { version: number }) => version > 1);
      }),
  },
  {
    does: 'never says that an operation has ended',
    breaks: ['T18'],
    fault: () =>
      afterwards(RETRIEVE, ({ cashback }) => {
        if (cashback.operations.length > 0) cashback.status = 'in-progress';
      }),
  },
  {
    does: 'calls a failure a success',
    breaks: ['T37'],
    fault: () =>
      afterwards(RETRIEVE, ({ cashback }) => {
        if (cashback.status !== 'failed') return;
        cashback.status = 'success';
        cashback.operations[0].status = 'success';
        cashback.rewarded = cashback.operations[0].reward;
      }),
  },
];
