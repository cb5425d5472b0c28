import { CashbackError } from '@cashback/contract';
import type { ChangePosition } from '@cashback/transactions/decisions';
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

/** As the statements of the feeds read it. Nothing runs beside it, so the horizon is the newest transaction. */
function pageOf<Change>(
  { tables, decisions, xacts }: World,
  rows: readonly { change: Change; place: ChangePosition }[],
  { after: cursor, limit }: PageInput,
): { changes: Change[]; cursor: string; invoice_epoch: number } | CashbackError {
  const { CHANGES_START, changeCursor, readCursor } = decisions.transactions;
  const epoch = newestEpoch(tables.invoice_epochs);
  const horizon = { epoch, xact_id: String(xacts + 1), epochs: tables.invoice_epochs };
  let after = CHANGES_START;
  try {
    if (cursor !== null) after = readCursor(cursor, horizon);
  } catch (error) {
    if (error instanceof CashbackError) return error;
    throw error;
  }
  const page = rows
    .filter(({ place }) => comparePlaces(place, after) > 0)
    .toSorted((left, right) => comparePlaces(left.place, right.place))
    .slice(0, limit);
  return {
    changes: page.map(({ change }) => change),
    cursor: changeCursor.format(page.at(-1)?.place ?? after),
    invoice_epoch: epoch,
  };
}

function comparePlaces(left: ChangePosition, right: ChangePosition): number {
  return left.epoch - right.epoch || Number(left.xact_id) - Number(right.xact_id);
}
