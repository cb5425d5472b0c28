import type { InvoiceChangesOutput } from '@cashback/wire';
import { listChanges } from '../../db/queries/invoices/list-changes.ts';
import type { Reader } from '@cashback/postgres';
import { FEED_START, changeCursor, readCursor } from './change-cursor.ts';

/**
 * The next page of changed invoices, each with its newest version only. A change that is committed late arrives late,
 * and is never skipped. An empty page means that nothing has changed yet; its cursor stays valid.
 */
export async function invoiceChanges(
  reader: Reader,
  input: { after?: string | undefined; limit: number },
): Promise<InvoiceChangesOutput> {
  const after = input.after === undefined ? FEED_START : readCursor(input.after);
  const page = await listChanges(reader, after, input.limit);
  return {
    changes: page.map(({ change }) => change),
    cursor: changeCursor.format(page.at(-1)?.place ?? after),
  };
}
