import { formatAmount, parseBalance } from '@cashback/contract';
import type { InvoiceVersion, Payment } from '@cashback/wire';
import fc from 'fast-check';
import { forTests } from '@cashback/testing';
import { expect, test } from 'vitest';
import { setUpAlone } from './set-up.ts';
import { createInvoice, retrieve } from './support.ts';

const { app } = forTests(() => setUpAlone());

const paid = (...amounts: string[]): Payment[] => [
  { payment_type: 'card', items: amounts.map((amount, index) => ({ item_id: `item-${index}`, amount })) },
];
const change = (invoiceId: string, version: number, status: string, payments: Payment[]) =>
  app.post('/v2/invoice/update', { invoice_id: invoiceId, version, status, payments });

async function historyOf(invoiceId: string, page: Record<string, number> = {}): Promise<InvoiceVersion[]> {
  const { status, body } = await app.post('/v2/invoice/history', { invoice_id: invoiceId, ...page });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.versions;
}

/** An invoice that was held, cleared, refunded in part and in full, and cleared again. */
async function longInvoice(): Promise<string> {
  const { invoice_id } = await createInvoice(app, { status: 'held', payments: paid('100') });
  const statements = [paid('100'), paid('60'), [], paid('80')];
  for (const [index, payments] of statements.entries()) {
    expect((await change(invoice_id, index + 1, 'cleared', payments)).status).toBe(200);
  }
  return invoice_id;
}

test('every version is listed with its change, its caller and its time', async () => {
  const invoice_id = await longInvoice();
  const versions = await historyOf(invoice_id);
  expect(
    versions.map(({ version, status, change: what, captured_sum, captured_change, changed_by }) =>
      [version, status, what, captured_sum, captured_change, changed_by].join(' '),
    ),
  ).toEqual([
    '1 held held 0.0000 0.0000 test',
    '2 cleared cleared 100.0000 100.0000 test',
    '3 cleared refunded_in_part 60.0000 -40.0000 test',
    '4 cleared refunded_in_full 0.0000 -60.0000 test',
    '5 cleared cleared_again 80.0000 80.0000 test',
  ]);
  expect(versions[2]).toMatchObject({
    payments: paid('60.0000'),
    items: [{ payment_type: 'card', item_id: 'item-0', before: '100.0000', after: '60.0000' }],
    changed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

test('it is read page by page, and the first change of a page is computed from the page before', async () => {
  const invoice_id = await longInvoice();
  const all = await historyOf(invoice_id);
  for (const limit of [1, 2, 5]) {
    const read: InvoiceVersion[] = [];
    for (;;) {
      const page = await historyOf(invoice_id, { after_version: read.at(-1)?.version ?? 0, limit });
      expect(page.length).toBeLessThanOrEqual(limit);
      if (page.length === 0) break;
      read.push(...page);
    }
    expect(read).toEqual(all);
  }
  expect(await historyOf(invoice_id, { after_version: 99 })).toEqual([]);
});

test('of an unknown invoice is refused', async () => {
  const { status, body } = await app.post('/v2/invoice/history', { invoice_id: 'nowhere' });
  expect([status, body.error.code]).toEqual([404, 'INVOICE_NOT_FOUND']);
});

test('a caller that may only read invoices may read it', async () => {
  const invoice_id = await longInvoice();
  expect((await app.post('/v2/invoice/history', { invoice_id }, app.readerToken)).status).toBe(200);
});

test('any sequence of updates gives versions without a gap, whose changes sum to the captured amount', async () => {
  const cents = fc.integer({ min: 0, max: 300 }).map((number) => formatAmount(BigInt(number) * 100n));
  const payments = fc.oneof(
    fc.constant<Payment[]>([]),
    fc.array(cents, { minLength: 1, maxLength: 3 }).map((amounts) => paid(...amounts)),
  );
  const statement = fc.record({
    status: fc.constantFrom('held', 'cleared', 'cleared', 'cancelled'),
    payments,
    /** A caller that has not seen the newest version. */
    behind: fc.constantFrom(0, 0, 0, 1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(statement, { maxLength: 8 }), async (statements) => {
      const { invoice_id } = await createInvoice(app, { status: 'held', payments: paid('10') });
      let version = 1;
      for (const one of statements) {
        const stated = one.status === 'cancelled' ? [] : one.payments;
        const { status, body } = await change(
          invoice_id,
          Math.max(1, version - one.behind),
          one.status,
          stated,
        );
        if (status !== 200) {
          expect(['VERSION_MISMATCH', 'STATUS_FORBIDDEN']).toContain(body.error.code);
          continue;
        }
        expect(body.version - version).toBeLessThanOrEqual(1);
        expect(body.version).toBeGreaterThanOrEqual(version);
        version = body.version;
      }
      const versions = await historyOf(invoice_id);
      expect(versions.map((one) => one.version)).toEqual(Array.from({ length: version }, (_, at) => at + 1));
      const invoice = await retrieve(app, invoice_id);
      const last = versions.at(-1);
      expect(last).toMatchObject({ status: invoice.status, payments: invoice.payments });
      const grown = versions.reduce((sum, one) => sum + parseBalance(one.captured_change), 0n);
      expect(formatAmount(grown)).toBe(last?.captured_sum);
      // The items' changes lead from nothing to what is stated now.
      const items = new Map<string, string>();
      for (const { items: changed } of versions) {
        for (const { item_id, before, after } of changed) {
          expect(items.get(item_id) ?? '0.0000').toBe(before);
          items.set(item_id, after);
        }
      }
      for (const { item_id, amount } of last?.payments[0]?.items ?? []) {
        expect(items.get(item_id) ?? '0.0000').toBe(amount);
      }
    }),
    { numRuns: 25 },
  );
});
