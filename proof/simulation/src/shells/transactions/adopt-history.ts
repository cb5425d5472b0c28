import type { CashbackError } from '@cashback/contract';
import type { Adoption, InvoiceRow, KnownHistory } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import { insertRow, rowOf } from '../../rows.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { listBaskets } from '../trust.ts';
import { lockInvoice } from './lock-invoice.ts';
import { writeCashbackVersion } from './write-rows.ts';

/** After a restore, what Trust has of an invoice is taken over, once an epoch. Null: nothing stands in the way. */
export function* adoptHistory(world: World, invoiceId: string): Flow<CashbackError | null> {
  const { changedWhileListing, decideAdoption, historyUnknown } = world.decisions.transactions;
  const before = yield* atomically(`check whether ${invoiceId} is adopted`, () =>
    lockUnreconciled(world, invoiceId),
  );
  if (before === null) return null;
  const listed = yield* callOverHttp('trust', `list ${invoiceId}`, () => listBaskets(world, invoiceId));
  if ('error' in listed) return historyUnknown(invoiceId, 'Trust cannot list its baskets');
  return yield* atomically(`adopt ${invoiceId}`, () => {
    const invoice = lockUnreconciled(world, invoiceId);
    if (invoice === null) return null;
    if (changedWhileListing(before, invoice)) return historyUnknown(invoiceId, 'its cashback changed');
    const adoption = decideAdoption(knownHistory(world, invoice), listed.body);
    if (adoption.outcome !== 'adopt') return historyUnknown(invoiceId, adoption.outcome);
    write(world, invoice, adoption);
    return null;
  });
}

function lockUnreconciled(world: World, invoiceId: string): InvoiceRow | null {
  const { isFinished, isReconciled } = world.decisions.transactions;
  const invoice = lockInvoice(world, invoiceId);
  if (invoice === null || isReconciled(invoice)) return null;
  const operations = [...world.tables.cashback_operations.values()];
  const isBusy = operations.some((row) => row.invoice_id === invoiceId && !isFinished(row.status));
  return isBusy ? null : invoice;
}

function knownHistory(
  { tables }: World,
  { invoice_id, cashback_version, wallet_id }: InvoiceRow,
): KnownHistory {
  const ofInvoice = (row: { invoice_id: string }): boolean => row.invoice_id === invoice_id;
  const steps = [...tables.operation_steps.values()].filter(
    ({ operation_id, status }) =>
      status === 'applied' && ofInvoice(rowOf(tables.cashback_operations, operation_id)),
  );
  const adopted = [...tables.adopted_steps.values()].filter(ofInvoice);
  return {
    invoice_id,
    cashback_version,
    wallet_id,
    baskets: [...tables.baskets.values()].filter(ofInvoice),
    step_ids: new Set([...steps, ...adopted].map(({ step_id }) => step_id)),
  };
}

function write(
  world: World,
  { invoice_id, epoch }: InvoiceRow,
  { cashback_version, baskets, refunds, steps }: Extract<Adoption, { outcome: 'adopt' }>,
): void {
  const { engine, tables, decisions } = world;
  const { insertedBasket, reconciledInvoice, refundedBasket } = decisions.transactions;
  for (const basket of baskets) insertRow(tables.baskets, basket.basket_id, insertedBasket(basket));
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
  tables.invoices.set(invoice_id, reconciledInvoice(rowOf(tables.invoices, invoice_id), epoch));
}
