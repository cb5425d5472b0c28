import { endOfFeed } from '../end-of-feed.ts';
import type { Guarantee } from '../guarantee.ts';
import type { Harness } from '../harness.ts';
import { Broken, assertSame } from '../verdict.ts';

const INVOICES = 8;

/** The second feed: every change of cashback, by any caller. */
export const cashbackFeed: readonly Guarantee[] = [
  {
    id: 'T39',
    title:
      'a reader that follows the feed of cashback gets each version with the operation that made it, oldest first, page by page',
    async check(harness) {
      const start = await endOfFeed(harness, 'cashbackChanges');
      const invoice = await harness.createInvoice();
      const first = await harness.reach(invoice, { user: '10' });
      const second = await harness.reach(invoice, { user: '4' });
      const { invoice_id } = invoice;
      const seen = await follow(harness, start, new Map([[invoice_id, second.cashback.version]]), 2);
      const made = seen.map(({ cashback_version, operation_id }) => ({ cashback_version, operation_id }));
      assertSame(
        'the changes',
        made,
        [first, first, second, second].map(({ operation: { operation_id } }, index) => ({
          cashback_version: index + 1,
          operation_id,
        })),
      );
      return `${seen.length} changes by 2 operations`;
    },
  },
  {
    id: 'T40',
    title: 'concurrent operations never make the feed of cashback miss a change',
    async check(harness) {
      const start = await endOfFeed(harness, 'cashbackChanges');
      const invoices = await Promise.all(Array.from({ length: INVOICES }, () => harness.createInvoice()));
      const versions = new Map(invoices.map(({ invoice_id }) => [invoice_id, 2]));
      const moving = Promise.all(invoices.map((invoice) => harness.reach(invoice, { user: '1' })));
      const [seen] = await Promise.all([follow(harness, start, versions, 3), moving]);
      assertSame('the number of changes', seen.length, 2 * INVOICES);
      return `${seen.length} changes of ${INVOICES} invoices`;
    },
  },
];

/** Follows the cursors until each invoice is at its version. Returns the changes of these invoices, in order. */
async function follow(harness: Harness, start: string, ends: ReadonlyMap<string, number>, limit: number) {
  const seen: { invoice_id: string; cashback_version: number; operation_id?: string | undefined }[] = [];
  const newest = new Map<string, number>();
  let after = start;
  return harness.until('the feed did not list every change', async () => {
    // Several pages a poll: other guarantees write as well.
    for (let pages = 0; pages < 50; pages++) {
      const { changes, cursor } = await harness.api.accept('cashbackChanges', { after, limit });
      for (const change of changes) {
        const { invoice_id, cashback_version } = change;
        if (!ends.has(invoice_id)) continue;
        if (cashback_version <= (newest.get(invoice_id) ?? 0)) {
          throw new Broken(`version ${cashback_version} of ${invoice_id} arrived late or twice`);
        }
        newest.set(invoice_id, cashback_version);
        seen.push(change);
      }
      after = cursor;
      if (changes.length === 0) break;
    }
    return [...ends].every(([id, version]) => newest.get(id) === version) ? seen : undefined;
  });
}
