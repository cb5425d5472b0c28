import type { AttentionCode } from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuse } from '@cashback/outside-transactions';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(async () => {
  await harness.stop();
  expect(harness.outside.without_intent).toEqual([]);
});

/** What is wrong, what is said of it, what the upstream does, and with how many operations that takes. */
interface UnusableAnswer {
  what: string;
  code: AttentionCode;
  reason: RegExp;
  arrange: (orderId: string) => void;
  operations?: number;
}

/** The honest answer to a retrieve, but for what `change` makes of it. */
function answering(change: (invoice: Invoice) => object) {
  return (orderId: string) => {
    harness.outside.intercept_of.set(orderId, (call, honest) => {
      const answer = honest();
      if (call.path !== '/v2/invoice/retrieve' || typeof answer === 'string' || 'html' in answer)
        return answer;
      return { ...answer, body: change(answer.body as Invoice) };
    });
  };
}

function carrying(cashback: Record<string, unknown>) {
  return answering((invoice) => ({ ...invoice, cashback: { ...invoice.cashback, ...cashback } }));
}

const unusable: UnusableAnswer[] = [
  {
    what: 'there is no such invoice',
    code: 'observation_missing',
    reason: /^INVOICE_NOT_FOUND/,
    arrange: (orderId) => harness.outside.removeInvoice(orderId),
  },
  {
    what: 'the invoice is another order’s',
    code: 'observation_unreadable',
    reason: /answered with invoice of-another-caller/,
    arrange: answering((invoice) => ({ ...invoice, invoice_id: 'of-another-caller' })),
  },
  {
    what: 'the invoice’s id holds what no row can keep',
    code: 'observation_unreadable',
    reason: /answered with invoice some\uFFFDbody/,
    arrange: answering((invoice) => ({ ...invoice, invoice_id: 'some\0body' })),
  },
  {
    what: 'the invoice has another wallet',
    code: 'payee_differs',
    reason: /wallet_id wallet-2.*wallet-1/,
    arrange: (orderId) => harness.outside.addInvoice(orderId, { wallet_id: 'wallet-2' }),
  },
  {
    what: 'the invoice has another user',
    code: 'payee_differs',
    reason: /user_id user-2.*user-1/,
    arrange: (orderId) => harness.outside.addInvoice(orderId, { user_id: 'user-2' }),
  },
  {
    what: 'the invoice has another currency',
    code: 'payee_differs',
    reason: /currency USD.*EUR/,
    arrange: (orderId) => harness.outside.addInvoice(orderId, { currency: 'USD' }),
  },
  {
    what: 'the invoice has no currency',
    code: 'observation_unreadable',
    reason: /cannot be read: currency: expected .*, got nothing/,
    arrange: answering((invoice) => ({ ...invoice, currency: undefined })),
  },
  {
    what: 'something is rewarded by an unknown source',
    code: 'observation_unreadable',
    reason: /cannot be read: cashback\.rewarded\[0\]\.source: .*got "lottery"/,
    arrange: carrying({ rewarded: [{ source: 'lottery', amount: '1.0000' }] }),
  },
  {
    what: 'a source is rewarded twice over',
    code: 'observation_unreadable',
    reason: /cannot be read: cashback\.rewarded\[1\]\.source/,
    arrange: carrying({
      rewarded: [
        { source: 'user', amount: '1.0000' },
        { source: 'user', amount: '10.0000' },
      ],
    }),
  },
  {
    what: 'an amount is none',
    code: 'observation_unreadable',
    reason: /cannot be read: cashback\.rewarded\[0\]\.amount: .*got "-1.0000"/,
    arrange: carrying({ rewarded: [{ source: 'user', amount: '-1.0000' }] }),
  },
  {
    what: 'the status is none',
    code: 'observation_unreadable',
    reason: /cannot be read: cashback\.status: .*got "done"/,
    arrange: carrying({ status: 'done' }),
  },
  {
    what: 'our request is refused as malformed',
    code: 'observation_unreadable',
    reason: /^BAD_REQUEST/,
    arrange: (orderId) => {
      harness.outside.intercept_of.set(orderId, () => refuse(400, 'BAD_REQUEST', 'expected another thing'));
    },
  },
  {
    what: 'a success carries amounts that nobody asked for',
    code: 'moved_by_hand',
    reason: /carries a reward that its newest operation \S+, a success, did not ask for/,
    arrange: answering((invoice) => {
      const { operations } = invoice.cashback;
      if (operations.length === 0) return invoice;
      return {
        ...invoice,
        cashback: { ...invoice.cashback, rewarded: [{ source: 'service', amount: '3' }] },
      };
    }),
    operations: 1,
  },
  {
    what: 'the invoice calls itself settled while its newest operation is under way',
    code: 'status_contradicts',
    reason: /^the invoice says success, its newest operation \S+ says in-progress/,
    arrange: answering((invoice) => {
      const cashback = {
        ...invoice.cashback,
        rewarded: [{ source: 'user', amount: '10' }],
        operations: [{ operation_id: 'of-another-caller', status: 'in-progress', reward: [] }],
      };
      return { ...invoice, cashback };
    }),
  },
  {
    what: 'our operation is listed with another reward',
    code: 'operation_refused',
    reason: /carries another reward at transactions than the one it was sent with/,
    arrange: answering((invoice) => {
      const operations = invoice.cashback.operations.map((operation) => ({ ...operation, reward: [] }));
      return { ...invoice, cashback: { ...invoice.cashback, operations } };
    }),
    operations: 1,
  },
];

describe('for long', () => {
  beforeAll(async () => {
    await harness.startWorker({ attention_after_ms: 300 });
  });
  afterAll(() => harness.stopWorkers());

  test.concurrent.each(unusable)(
    'when $what, the order needs attention, loses nothing, sends nothing, and goes on by itself once that is corrected',
    async ({ code, reason, arrange, operations = 0 }) => {
      const { outside } = harness;
      const orderId = newOrderId('unusable');
      outside.addInvoice(orderId);
      arrange(orderId);
      await harness.register(orderId, '10');
      const order = await readUntil(
        () => harness.order(orderId),
        ({ attention }) => attention !== null,
      );
      expect(order.attention).toMatch(reason);
      expect(order).toMatchObject({ attention_code: code, revision: 1, settled_revision: 0 });
      expect(order.poll_at).not.toBeNull();
      expect(await harness.operations(orderId)).toHaveLength(operations);
      const asked = outside.retrieves(orderId);
      await readUntil(
        () => outside.retrieves(orderId),
        (retrieves) => retrieves >= asked + 2,
      );
      expect(await harness.order(orderId)).toMatchObject({ attention: order.attention });
      expect(outside.updates(orderId)).toHaveLength(operations);

      outside.intercept_of.delete(orderId);
      if (operations === 0) outside.addInvoice(orderId);
      expect(await harness.untilSettled(orderId)).toMatchObject({
        attention: null,
        attention_code: null,
        revision: 1,
      });
      expect(outside.cashback(orderId)).toMatchObject({ rewarded: [{ source: 'user', amount: '10.0000' }] });
      expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    },
  );
});

test('an unusable observation is polled again, and the order needs no attention when the next one is usable', async () => {
  const { outside } = harness;
  await harness.startWorker();
  const orderId = newOrderId('lagging-replica');
  outside.addInvoice(orderId);
  let times = 0;
  outside.intercept_of.set(orderId, (call, honest) =>
    call.path === '/v2/invoice/retrieve' && (times += 1) <= 3
      ? refuse(404, 'INVOICE_NOT_FOUND', 'none')
      : honest(),
  );
  await harness.register(orderId, '10');
  await readUntil(
    () => times,
    (retrieves) => retrieves >= 3,
  );
  expect(await harness.order(orderId)).toMatchObject({ attention: null });
  await harness.untilSettled(orderId);
});
