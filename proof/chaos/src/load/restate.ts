import { isDeepStrictEqual } from 'node:util';
import type { FrontDoor } from '@cashback/scenario';
import { HttpCallError } from '@cashback/service';
import { type Invoice, invoice } from '@cashback/wire';
import PQueue from 'p-queue';

type Post = FrontDoor['transactions']['post'];

/** What an invoice states of the money. */
export type Content = Pick<Invoice, 'status' | 'payments'>;

const CONCURRENCY = 8;
const ATTEMPTS = 10;

/** States the content at the version that `transactions` has now; creates the invoice that it has forgotten. */
export async function restateInvoice(
  post: Post,
  invoice_id: string,
  { created, content }: { created: object; content: () => Content },
): Promise<Invoice> {
  for (let attempt = 1; ; attempt += 1) {
    const current = await post('/v2/invoice/retrieve', { invoice_id }, invoice).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      return post('/v2/invoice/create', created, invoice);
    });
    const { status, payments } = content();
    if (current.status === status && isDeepStrictEqual(current.payments, payments)) return current;
    try {
      const body = { invoice_id, version: current.version, status, payments };
      return await post('/v2/invoice/update', body, invoice);
    } catch (error) {
      // Another statement about the order was faster.
      if (!isRefused(error) || attempt >= ATTEMPTS) throw error;
    }
  }
}

export function isRefused(error: unknown): boolean {
  return error instanceof HttpCallError && error.outcome === 'refused';
}

export async function forEachAtOnce<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  await queue.addAll(items.map((item) => () => work(item)));
}
