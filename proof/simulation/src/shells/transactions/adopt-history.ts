import { CashbackError } from '@cashback/contract';
import type { Adoption, InvoiceRow, KnownHistory, Listing } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import { insertRow, rowOf } from '../../rows.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { listBaskets } from '../trust.ts';
import { lockInvoice } from './lock-invoice.ts';
import { writeCashbackVersion } from './write-rows.ts';

/** Smaller than the number of baskets, so that pages follow each other. */
const PAGE_SIZE = 2;

/** After a restore, what Trust has of an invoice is taken over, once an epoch. Null: nothing stands in the way. */
export function* adoptHistory(world: World, invoiceId: string): Flow<CashbackError | null> {
  const { decideListed } = world.decisions.transactions;
  const before = yield* atomically(`check whether ${invoiceId} is adopted`, () =>
    lockUnadopted(world, invoiceId),
  );
  if (before === null) return null;
  const listed = yield* listHistory(world, invoiceId);
  if (listed instanceof CashbackError) return listed;
  return yield* atomically(`adopt ${invoiceId}`, () => {
    const invoice = lockUnadopted(world, invoiceId);
    if (invoice === null) return null;
    const known = loadKnownHistory(world, invoice);
    const adoption = decideListed({ before, invoice, known, listed: listed.baskets });
    if (adoption instanceof CashbackError) return adoption;
    write(world, invoice, adoption);
    return null;
  });
}

function lockUnadopted(world: World, invoiceId: string): InvoiceRow | null {
  const { adoptable, isFinished } = world.decisions.transactions;
  const operations = [...world.tables.cashback_operations.values()];
  const hasUnfinished = operations.some((row) => row.invoice_id === invoiceId && !isFinished(row.status));
  return adoptable(lockInvoice(world, invoiceId), hasUnfinished);
}

function* listHistory(world: World, invoiceId: string): Flow<Listing | CashbackError> {
  const { NOTHING_LISTED, withPage } = world.decisions.transactions;
  let listing: Listing = NOTHING_LISTED;
  while (!listing.is_complete) {
    const page = { after: listing.after, limit: PAGE_SIZE };
    const result = yield* callOverHttp(world, 'trust', `list ${invoiceId}`, () =>
      listBaskets(world, invoiceId, page),
    );
    const next = withPage(invoiceId, listing, result);
    if (next instanceof CashbackError) return next;
    listing = next;
  }
  return listing;
}

function loadKnownHistory({ tables, decisions }: World, invoice: InvoiceRow): KnownHistory {
  const ofInvoice = (row: { invoice_id: string }): boolean => row.invoice_id === invoice.invoice_id;
  return decisions.transactions.knownHistory(invoice, {
    baskets: [...tables.baskets.values()].filter(ofInvoice),
    steps: [...tables.operation_steps.values()].filter(({ operation_id }) =>
      ofInvoice(rowOf(tables.cashback_operations, operation_id)),
    ),
    adopted: [...tables.adopted_steps.values()].filter(ofInvoice),
  });
}

function write(
  world: World,
  invoice: InvoiceRow,
  { cashback_version, baskets, refunds, steps }: Extract<Adoption, { outcome: 'adopt' }>,
): void {
  const { engine, tables, decisions } = world;
  const { invoice_id, epoch } = invoice;
  const { insertedBasket, adoptedInvoice, refundedBasket } = decisions.transactions;
  for (const basket of baskets) {
    insertRow(tables.baskets, basket.basket_id, insertedBasket(basket, invoice));
  }
  for (const refund of refunds) {
    const { basket_id } = refund;
    tables.baskets.set(basket_id, refundedBasket(rowOf(tables.baskets, basket_id), refund));
  }
  for (const step of steps) insertRow(tables.adopted_steps, step.step_id, step);
  if (cashback_version !== null) {
    engine.note(
      `transactions: ${invoice_id} adopts ${steps.map(({ kind, amount }) => `${kind} of ${amount}`).join(', ')}`,
    );
    writeCashbackVersion(world, { invoice_id, cashback_version }, null);
  }
  tables.invoices.set(invoice_id, adoptedInvoice(rowOf(tables.invoices, invoice_id), epoch));
}
