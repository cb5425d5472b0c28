import { randomUUID } from 'node:crypto';
import { type BrokenImplementation, type Body, invoiceOf, on, refusal, UPDATE_CASHBACK } from './exchange.ts';

/** The lookup order of operations, and concurrent calls: T23 to T31. */
export const lookup: readonly BrokenImplementation[] = [
  {
    does: 'makes a new operation of a repeated id',
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
    does: 'ignores the version of an operation',
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
    does: 'forgets the ids that it no longer lists',
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
    does: 'accepts any payee',
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
    does: 'accepts one operation id for several invoices',
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
    does: 'checks the version before an unfinished operation',
    breaks: ['T25'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const answer = await exchange.forward();
        return answer.body.error?.code === 'OPERATION_IN_FLIGHT' ? refusal(409, 'VERSION_MISMATCH') : answer;
      }),
  },
  {
    does: 'answers 200 to an operation that it does not accept',
    breaks: ['T25', 'T29'],
    fault: () =>
      on(UPDATE_CASHBACK, async ({ body, forward }) => {
        const answer = await forward();
        if (answer.body.error?.code !== 'OPERATION_IN_FLIGHT') return answer;
        return { status: 200, body: { operation_id: body.operation_id, status: 'init', version: 1 } };
      }),
  },
  {
    does: 'applies an operation that it refused',
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
];
