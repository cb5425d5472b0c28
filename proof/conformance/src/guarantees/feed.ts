import type { InvoiceCreateInput } from '@cashback/wire';
import { endOfFeed } from '../end-of-feed.ts';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, paid } from '../harness.ts';
import { Broken, assertThat, assertSame } from '../verdict.ts';

const WRITERS = 4;
const INVOICES_EACH = 6;

export const feed: readonly Guarantee[] = [
  {
    id: 'T15',
    title: 'a reader that follows the feed gets every changed invoice, with its newest version, page by page',
    async check(harness) {
      const start = await endOfFeed(harness, 'changes');
      const first = await harness.createInvoice({ status: 'held' });
      const second = await harness.createInvoice();
      await change(harness, first, 1, '30');
      const own = new Set([first.invoice_id, second.invoice_id]);
      const seen = await follow(harness, start, own, (versions) => versions.get(first.invoice_id) === 2, 2);
      assertSame('their order', seen, [
        { invoice_id: second.invoice_id, version: 1, service: second.service },
        { invoice_id: first.invoice_id, version: 2, service: first.service },
      ]);
      await change(harness, second, 1, '20');
      const later = await follow(harness, start, own, (versions) => versions.get(second.invoice_id) === 2, 2);
      assertSame('after another change, from the same cursor', later, [
        { invoice_id: first.invoice_id, version: 2, service: first.service },
        { invoice_id: second.invoice_id, version: 2, service: second.service },
      ]);
      return 'each once, in the order of their changes';
    },
  },
  {
    id: 'T16',
    title: 'concurrent writers never make the feed miss a change',
    async check(harness) {
      const start = await endOfFeed(harness, 'changes');
      const inputs = Array.from({ length: WRITERS * INVOICES_EACH }, () => harness.newInvoice());
      const own = new Set(inputs.map(({ invoice_id }) => invoice_id));
      const write = async (input: InvoiceCreateInput): Promise<void> => {
        await harness.api.accept('create', input);
        await change(harness, input, 1, '30');
        await change(harness, input, 2, '10');
      };
      const writing = Promise.all(
        Array.from({ length: WRITERS }, async (_, writer) => {
          const mine = inputs.slice(writer * INVOICES_EACH, (writer + 1) * INVOICES_EACH);
          for (const input of mine) await write(input);
        }),
      );
      const all = (versions: ReadonlyMap<string, number>): boolean =>
        inputs.every(({ invoice_id }) => versions.get(invoice_id) === 3);
      await Promise.all([writing, follow(harness, start, own, all, 7)]);
      return `${inputs.length} invoices by ${WRITERS} writers`;
    },
  },
  {
    id: 'T17',
    title: 'an invalid cursor is refused',
    async check({ api }) {
      await api.refuse('cashbackChanges', { after: 'not a cursor' }, 400, 'CURSOR_INVALID');
      await api.refuse('changes', { after: 'not a cursor' }, 400, 'CURSOR_INVALID');
      return 'CURSOR_INVALID';
    },
  },
];

async function change(
  { api }: Harness,
  { invoice_id }: InvoiceCreateInput,
  version: number,
  amount: string,
): Promise<void> {
  await api.accept('update', { invoice_id, version, status: 'cleared', payments: paid(amount) });
}

/** Follows the cursors until `isEnough`. Returns the changes of our own invoices, in the order of the feed. */
async function follow(
  harness: Harness,
  start: string,
  own: ReadonlySet<string>,
  isEnough: (versions: ReadonlyMap<string, number>) => boolean,
  limit: number,
) {
  const seen: { invoice_id: string; version: number; service: string }[] = [];
  const versions = new Map<string, number>();
  let after = start;
  return harness.until('the feed did not list every change', async () => {
    // Several pages a poll: other guarantees write as well.
    for (let pages = 0; pages < 50; pages++) {
      const { changes, cursor } = await harness.api.accept('changes', { after, limit });
      assertThat(
        changes.length <= limit,
        `expected at most ${limit} changes in a page, got ${changes.length}`,
      );
      for (const { invoice_id, version, service } of changes) {
        if (!own.has(invoice_id)) continue;
        if (version < (versions.get(invoice_id) ?? 0)) {
          throw new Broken(`version ${version} of ${invoice_id} arrived after ${versions.get(invoice_id)}`);
        }
        versions.set(invoice_id, version);
        seen.push({ invoice_id, version, service });
      }
      after = cursor;
      if (changes.length === 0) break;
    }
    return isEnough(versions) ? seen : undefined;
  });
}
