import { withTransaction } from '@cashback/postgres';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startEpoch } from '../src/db/queries/feeds/feed-epochs.ts';
import { setUpWithUpstream } from './set-up.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  newOperation,
  retrieve,
  settledInvoice,
} from './support.ts';
import { type Upstream, type UpstreamRequest, applied, problem } from './upstream.ts';

let upstream: Upstream;
let tearDown: (() => Promise<void>) | undefined;
let app: TransactionsUnderTest;
let listed: string[] = [];
let unlisted = new Set<string>();

beforeAll(async () => {
  // Pages of two: several make a pass.
  ({ app, upstream, tearDown } = await setUpWithUpstream({
    ADOPTION_INTERVAL_MS: '20',
    ADOPTION_BATCH: '2',
    ADOPTION_RETRY_MAX_MS: '50',
  }));
  upstream.answerWith(answer);
});
beforeEach(() => {
  listed = [];
  unlisted = new Set();
});
afterAll(() => tearDown?.());

/** Lists what was posted of an order, as Trust does. */
function answer(request: UpstreamRequest) {
  if (!request.path.startsWith('/baskets?')) return applied(request);
  const order_id = new URLSearchParams(request.path.split('?')[1]).get('order_id') ?? '';
  listed.push(order_id);
  if (unlisted.has(order_id)) return problem(503, 'UNAVAILABLE');
  const posted = new Map(upstream.of(order_id).map(({ body }) => [body.basket_id, body]));
  const baskets = [...posted.values()].map((basket) => ({
    ...basket,
    refunded: '0',
    status: 'success',
    reason: null,
    refunds: [],
  }));
  return { status: 200, body: { baskets, next: null } };
}

async function paidInvoice() {
  const invoice = await createInvoice(app);
  await app.post('/update/cashback', newOperation(invoice, { reward: [{ source: 'user', amount: '5' }] }));
  const { cashback } = await settledInvoice(app, invoice.invoice_id);
  expect(cashback.rewarded).toEqual([{ source: 'user', amount: '5.0000' }]);
  return invoice;
}

/** The side forgets the cashback of the invoices, and begins an epoch. */
const restore = (ids: string[]) =>
  withTransaction(app.owner, async (tx) => {
    const { client } = tx;
    await client.query(
      `DELETE FROM transactions.operation_steps WHERE operation_id IN
         (SELECT operation_id FROM transactions.cashback_operations WHERE invoice_id = ANY($1))`,
      [ids],
    );
    await client.query('DELETE FROM transactions.cashback_operations WHERE invoice_id = ANY($1)', [ids]);
    await client.query('DELETE FROM transactions.baskets WHERE invoice_id = ANY($1)', [ids]);
    await client.query('DELETE FROM transactions.cashback_changes WHERE invoice_id = ANY($1)', [ids]);
    await client.query('UPDATE transactions.invoices SET cashback_version = 0 WHERE invoice_id = ANY($1)', [
      ids,
    ]);
    return startEpoch(tx);
  });

const adopted = (invoiceId: string) =>
  readUntil(async () => {
    const { cashback } = await retrieve(app, invoiceId);
    return cashback.rewarded.length > 0 && cashback;
  });

async function left(): Promise<number> {
  const response = await fetch(`${app.url()}/health`, { signal: AbortSignal.timeout(5_000) });
  return ((await response.json()) as { adoption: { left: number } }).adoption.left;
}

async function feedOf(invoiceId: string) {
  const { body } = await app.post('/v2/cashback/changes', { limit: 1_000 });
  return body.changes.filter((change: { invoice_id: string }) => change.invoice_id === invoiceId);
}

test('a side in its first epoch asks nothing', async () => {
  const { invoice_id } = await createInvoice(app);
  await severalTurns();
  expect(listed).toEqual([]);
  expect(await left()).toBe(0);
  expect(await retrieve(app, invoice_id)).toMatchObject({ cashback: { version: 0 } });
});

test('a forgotten payment shows on its invoice and in the feed again without an operation', async () => {
  const { invoice_id } = await paidInvoice();
  await restore([invoice_id]);
  const cashback = await adopted(invoice_id);
  expect(cashback).toMatchObject({ version: 1, rewarded: [{ source: 'user', amount: '5.0000' }] });
  expect(await readUntil(async () => (await feedOf(invoice_id)).length > 0 && feedOf(invoice_id))).toEqual([
    { invoice_id, invoice_epoch: expect.any(Number), cashback_version: 1 },
  ]);

  await readUntil(async () => (await left()) === 0);
  const asked = listed.length;
  await severalTurns();
  expect(listed).toHaveLength(asked);
  expect(await retrieve(app, invoice_id)).toMatchObject({ cashback: { version: 1 } });
});

test('an invoice that Trust does not list holds up no other, and is adopted once Trust lists it', async () => {
  const invoices = await Promise.all(Array.from({ length: 5 }, paidInvoice));
  const ids = invoices.map(({ invoice_id }) => invoice_id).toSorted();
  const [stuck, second, ...others] = ids as [string, string, ...string[]];
  // The whole first page fails.
  unlisted = new Set([stuck, second]);
  await restore(ids);
  await Promise.all(others.map(adopted));
  await readUntil(async () => (await left()) === 2);
  expect(await retrieve(app, stuck)).toMatchObject({ cashback: { version: 0, rewarded: [] } });
  unlisted = new Set([second]);
  await adopted(stuck);
  await readUntil(async () => (await left()) === 1);
  unlisted = new Set();
  await adopted(second);
  expect(await left()).toBe(0);
});

/** Ends once the loop has gone on for some turns. */
async function severalTurns(): Promise<void> {
  const ends = new Set<string | null>();
  await readUntil(async () => {
    const response = await fetch(`${app.url()}/ready`, { signal: AbortSignal.timeout(5_000) });
    const { loops } = (await response.json()) as { loops: { name: string; last_turn: string | null }[] };
    ends.add(loops.find(({ name }) => name === 'adoption')?.last_turn ?? null);
    return ends.size > 3;
  });
}
