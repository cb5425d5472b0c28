import type { CashbackError } from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { type Flow, outside } from '../../engine/flow.ts';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';

const REMEMBERED = 5;

/** `POST /v2/invoice/retrieve`, which may also give an earlier answer. */
export function* retrieveInvoice(world: World, invoiceId: string): Flow<Invoice | CashbackError> {
  return yield* outside('read', () => {
    const { engine, answers, decisions } = world;
    const { invoiceNotFound } = decisions.transactions;
    if (engine.happens('missing_answer')) {
      engine.note(`transactions: a replica does not know ${invoiceId}`);
      return invoiceNotFound(invoiceId);
    }
    const before = answers.get(invoiceId) ?? [];
    if (before.length > 0 && engine.happens('stale_answer')) {
      const stale = before[engine.choices.below(before.length)];
      if (stale !== undefined) {
        engine.note(`transactions: ${invoiceId} is shown as it was at version ${stale.cashback.version}`);
        return stale;
      }
    }
    const fresh = readInvoice(world, invoiceId);
    if (fresh === null) return invoiceNotFound(invoiceId);
    answers.set(invoiceId, [...before, fresh].slice(-REMEMBERED));
    return fresh;
  });
}

/** The same at the primary. */
export function* retrieveNewest(world: World, invoiceId: string): Flow<Invoice | CashbackError> {
  return yield* outside(
    'read',
    () => readInvoice(world, invoiceId) ?? world.decisions.transactions.invoiceNotFound(invoiceId),
  );
}

function readInvoice(world: World, invoiceId: string): Invoice | null {
  const { tables, decisions } = world;
  const row = tables.invoices.get(invoiceId);
  if (row === undefined) return null;
  const { epoch: _epoch, payee_version: _payee, ...fields } = row;
  const { heldBySource, heldElsewhere, newestOperations, shortBySource, shownInvoice } =
    decisions.transactions;
  const ofInvoice = ({ invoice_id }: { invoice_id: string }): boolean => invoice_id === invoiceId;
  const baskets = [...tables.baskets.values()].filter(ofInvoice);
  const operations = newestOperations(
    [...tables.cashback_operations.values()].filter(ofInvoice),
    world.shown_operations,
  );
  const [newest] = operations;
  return shownInvoice(
    {
      ...fields,
      invoice_epoch: newestEpoch(tables.invoice_epochs),
      created_at: new Date(row.created_at),
      updated_at: new Date(row.updated_at),
      rewarded: heldBySource(baskets),
      short: shortBySource(newest, [...tables.operation_steps.values()]),
      elsewhere: heldElsewhere(baskets, row),
      operations,
    },
    world.compared,
  );
}
