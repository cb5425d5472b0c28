import type { AttentionCode } from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { type Answer, type Call, refuse } from './support/outside-transactions.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  await harness.startWorker();
});
afterEach(() => {
  harness.outside.intercept = undefined;
  harness.outside.intercept_of.clear();
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

const passing: [string, (call: Call, honest: () => Answer) => Answer][] = [
  ['HTML', () => ({ html: '<html>maintenance</html>' })],
  ['500 without a body', () => ({ status: 500, body: null })],
  ['503 with an error', () => refuse(503, 'DATABASE_UNAVAILABLE', 'come again')],
  ['429', () => refuse(429, 'TOO_MANY_REQUESTS', 'come again')],
  ['401: the token was changed', () => refuse(401, 'UNAUTHORIZED', 'unknown token')],
  ['403: the token lost its scope', () => refuse(403, 'FORBIDDEN', 'no such scope')],
  ['404: the address is wrong', () => refuse(404, 'NOT_FOUND', 'no such route')],
  ['JSON of another shape', () => ({ status: 200, body: { hello: 'world' } })],
  ['a cut connection', () => 'cut'],
  ['a cut connection after it was applied', (_, honest) => (honest(), 'cut')],
  ['500 after it was applied', (_, honest) => (honest(), { status: 500, body: {} })],
  ['no answer at all', () => 'hang'],
];

for (const path of ['/v2/invoice/retrieve', '/update/cashback']) {
  test.each(passing)(
    `${path} answered with %s passes: the order is settled by one operation`,
    async (_, bad) => {
      const { outside } = harness;
      const orderId = newOrderId('passing');
      outside.addInvoice(orderId);
      let times = 0;
      outside.intercept = (call, honest) => {
        if (call.path !== path || call.order_id !== orderId || times === 2) return honest();
        times += 1;
        return bad(call, honest);
      };
      await harness.register(orderId, '10');
      expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
      expect(times).toBeGreaterThan(0);
      expect(outside.cashback(orderId).operations).toHaveLength(1);
      expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    },
  );
}

test('an answer out of the past, which shows the target of now as rewarded, settles nothing', async () => {
  const { outside } = harness;
  const orderId = newOrderId('past');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  const past = structuredClone(outside.cashback(orderId));
  await harness.register(orderId, '4');
  await harness.untilSettled(orderId);

  // A replica that lags shows ten as rewarded, which is the target again.
  let times = 0;
  outside.intercept = (call, honest) => {
    const answer = honest();
    if (call.path !== '/v2/invoice/retrieve' || call.order_id !== orderId || times === 2) return answer;
    times += 1;
    return typeof answer === 'object' && 'body' in answer
      ? { ...answer, body: { ...(answer.body as object), cashback: past } }
      : answer;
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(times).toBe(2);
  expect(outside.cashback(orderId).rewarded).toMatchObject([{ source: 'user', amount: '10.0000' }]);
});

test('an answer to an update that is about another operation is never trusted', async () => {
  const { outside } = harness;
  const orderId = newOrderId('wrong-operation');
  outside.addInvoice(orderId);
  let times = 0;
  outside.intercept = (call, honest) => {
    if (call.path !== '/update/cashback' || times === 1) return honest();
    times += 1;
    return { status: 200, body: { operation_id: 'somebody-elses', status: 'success', version: 9 } };
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(new Set(outside.updates(orderId).map((body) => body.operation_id)).size).toBe(1);
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
  return () => {
    harness.outside.intercept = (call, honest) => {
      const answer = honest();
      if (call.path !== '/v2/invoice/retrieve' || typeof answer === 'string' || 'html' in answer)
        return answer;
      return { ...answer, body: change(answer.body as Invoice) };
    };
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
    reason: /answered with invoice somebody-elses/,
    arrange: answering((invoice) => ({ ...invoice, invoice_id: 'somebody-elses' })),
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
    arrange: () => {
      harness.outside.intercept = () => refuse(400, 'BAD_REQUEST', 'expected another thing');
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
        operations: [{ operation_id: 'somebody-elses', status: 'in-progress', reward: [] }],
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

/** Restarts the worker once, for all tests behind this one. */
const impatiently = (() => {
  let restarted: Promise<unknown> | undefined;
  return () => {
    restarted ??= harness.stopWorkers().then(() => harness.startWorker({ attention_after_ms: 300 }));
    return restarted;
  };
})();

test.each(unusable)(
  'when $what, for long, the order needs attention, loses nothing, sends nothing, and goes on by itself once that is put right',
  async ({ code, reason, arrange, operations = 0 }) => {
    const { outside } = harness;
    await impatiently();
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

    outside.intercept = undefined;
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

test('an answer that cannot be used is asked for again, and the order needs no attention when the next one can', async () => {
  const { outside } = harness;
  await harness.stopWorkers();
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

const neverPassing: [string, string, () => Answer][] = [
  ['/v2/invoice/retrieve', 'is no invoice', () => ({ status: 200, body: { hello: 'world' } })],
  ['/v2/invoice/retrieve', 'is a page', () => ({ html: '<html>shop</html>' })],
  ['/v2/invoice/retrieve', 'is a fault', () => ({ status: 500, body: null })],
  ['/update/cashback', 'is a fault', () => ({ status: 500, body: null })],
  [
    '/update/cashback',
    'is about another operation',
    () => ({ status: 200, body: { operation_id: 'somebody-elses', status: 'success', version: 9 } }),
  ],
];

test.each(neverPassing)(
  'an order for which the answer of %s %s, again and again, is asked about for as long as that lasts, and needs no attention',
  async (path, _, bad) => {
    const { outside } = harness;
    await harness.stopWorkers();
    await harness.startWorker({ attention_after_ms: 300, transactions_circuit_calls: 10_000 });
    const orderId = newOrderId('never-passing');
    outside.addInvoice(orderId);
    outside.intercept_of.set(orderId, (call, honest) => (call.path === path ? bad() : honest()));
    await harness.register(orderId, '10');
    // The waits double up to 400 ms, so these take longer than the age at which an order needs attention.
    await readUntil(
      () => outside.calls.filter((call) => call.order_id === orderId && call.path === path).length,
      (calls) => calls >= 6,
    );
    expect(await harness.order(orderId)).toMatchObject({ attention: null });

    outside.intercept_of.clear();
    expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
    expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    expect(outside.cashback(orderId).operations).toHaveLength(1);
  },
);

test('an order whose operations are rejected again and again needs attention', async () => {
  const { outside } = harness;
  await harness.stopWorkers();
  await harness.startWorker({
    max_failures: 5,
    failure_base_ms: 10,
    failure_max_ms: 50,
    attention_poll_ms: 60_000,
    attention_poll_max_ms: 60_000,
  });
  const orderId = newOrderId('rejected-for-ever');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) => {
    if (call.path === '/update/cashback') outside.cashback(orderId).version += 1;
    return honest();
  });
  await harness.register(orderId, '10');
  const { attention } = await readUntil(
    () => harness.order(orderId),
    (order) => order.attention !== null,
  );
  expect(attention).toBe('5 operations of this revision were rejected');
  const sent = await harness.operations(orderId);
  expect(sent.map(({ outcome }) => outcome)).toEqual(Array<string>(5).fill('rejected'));
  expect(sent[0]?.reason).toContain('VERSION_MISMATCH');

  outside.intercept_of.clear();
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toHaveLength(6);
});

test('a reason that no row can keep as it is, and a long one, are kept as far as they can be', async () => {
  const { outside } = harness;
  const orderId = newOrderId('reason');
  outside.addInvoice(orderId);
  outside.intercept_of.set(orderId, (call, honest) => {
    const answer = honest();
    if (call.path === '/update/cashback')
      outside.finish(orderId, 'failed', `wallet_forbids_negative: \0${'x'.repeat(1_000)}`);
    return answer;
  });
  outside.on_accept = 'stay';
  await harness.register(orderId, '10');
  const { attention, operation_id } = await readUntil(
    () => harness.order(orderId),
    (order) => order.attention !== null,
  );
  outside.on_accept = 'success';
  expect(operation_id).toBeNull();
  const kept = `wallet_forbids_negative: \uFFFD${'x'.repeat(471)}...`;
  expect(attention).toBe(kept);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'failed', reason: kept }]);
});

test('an operation that ended and that the invoice lists no more is known by its repeat, and followed by another', async () => {
  const { outside } = harness;
  const orderId = newOrderId('unlisted');
  outside.addInvoice(orderId);
  // After ours other operations followed, until the invoice lists it no more.
  outside.intercept_of.set(orderId, (call, honest) => {
    const { cashback } = { cashback: outside.cashback(orderId) };
    const answer = honest();
    if (call.path === '/update/cashback' && cashback.operations.length === 1) {
      cashback.rewarded = [{ source: 'user', amount: '7.0000' }];
    }
    if (call.path !== '/v2/invoice/retrieve' || typeof answer === 'string' || 'html' in answer) return answer;
    const invoice = answer.body as Invoice;
    const { rewarded, operations } = invoice.cashback;
    const newest = { operation_id: 'somebody-elses', status: 'success' as const, reward: rewarded };
    const listed = operations.length === 1 ? [newest] : operations.slice(0, -1);
    return { ...answer, body: { ...invoice, cashback: { ...invoice.cashback, operations: listed } } };
  });
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '10.0000' }]);
});

test('a definite refusal that proves nothing leaves the operation open, and a person is asked', async () => {
  const { outside } = harness;
  const orderId = newOrderId('body-mismatch');
  outside.addInvoice(orderId);
  outside.intercept = (call, honest) =>
    call.path === '/update/cashback' ? refuse(409, 'OPERATION_BODY_MISMATCH', 'another body') : honest();
  await harness.register(orderId, '10');
  const order = await readUntil(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  expect(order.attention).toContain('OPERATION_BODY_MISMATCH');
  const [operation] = await harness.operations(orderId);
  expect(operation).toMatchObject({ outcome: null });
  expect(order.operation_id).toBe(operation?.operation_id);
});
