import { CashbackError } from '@cashback/contract';
import type { PlacedChange } from '@cashback/transactions/decisions';
import type { CashbackChangesOutput, InvoiceChangesOutput } from '@cashback/wire';
import { type Flow, outside } from '../../engine/flow.ts';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';

interface PageInput {
  after: string | null;
  limit: number;
}

/** `POST /v2/invoice/changes` */
export function* invoiceChanges(world: World, input: PageInput): Flow<InvoiceChangesOutput | CashbackError> {
  return yield* outside('read', () => {
    const { invoice_places, invoices } = world.tables;
    const rows = [...invoice_places].flatMap(([invoiceId, place]) => {
      const row = invoices.get(invoiceId);
      if (row === undefined) return [];
      const { invoice_id, version, service } = row;
      return [{ change: { invoice_id, version, service }, place }];
    });
    return pageOf(world, rows, input);
  });
}

/** `POST /v2/cashback/changes` */
export function* cashbackChanges(
  world: World,
  input: PageInput,
): Flow<CashbackChangesOutput | CashbackError> {
  return yield* outside('read', () => {
    const page = pageOf(world, world.tables.cashback_changes, input);
    return page instanceof CashbackError ? page : { ...page, lag_ms: 0 };
  });
}

/** Nothing runs beside it, so the horizon is the newest transaction. */
function pageOf<Change>(
  { tables, decisions, xacts }: World,
  changes: readonly PlacedChange<Change>[],
  { after, limit }: PageInput,
): { changes: Change[]; cursor: string; invoice_epoch: number } | CashbackError {
  const { changesAfter, shownPage, pageStart } = decisions.transactions;
  const epochs = tables.invoice_epochs;
  const horizon = { epoch: newestEpoch(epochs), xact_id: String(xacts + 1), epochs };
  try {
    const start = pageStart(after ?? undefined, horizon);
    return shownPage(changesAfter(changes, start, { limit, horizon }), start, horizon);
  } catch (error) {
    if (error instanceof CashbackError) return error;
    throw error;
  }
}
