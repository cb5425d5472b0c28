import type { InvoiceChangesOutput } from '@cashback/wire';
import type { Reader } from '@cashback/postgres';
import { listInvoiceChanges } from '../db/queries/feeds/list-invoice-changes.ts';
import { invoiceFeedLagMs } from '../db/queries/feeds/load-lag.ts';
import { loadHorizon } from '../db/queries/feeds/feed-epochs.ts';
import { shownPage, pageStart } from './feed-page.ts';

/**
 * The next page of changed invoices, each with its newest version only. A change that is committed late arrives late,
 * and is never skipped. An empty page means that nothing has changed yet; its cursor stays valid. Throws
 * `CURSOR_INVALID`.
 */
export async function invoiceChanges(
  reader: Reader,
  input: { after?: string | undefined; limit: number },
): Promise<InvoiceChangesOutput> {
  const horizon = await loadHorizon(reader);
  const start = pageStart(input.after, horizon);
  // Read before the page: a change that the page lacks was waiting then, or is newer.
  const lag_ms = await invoiceFeedLagMs(reader);
  const page = await listInvoiceChanges(reader, start, input.limit);
  return { ...shownPage(page, start, horizon), lag_ms };
}
