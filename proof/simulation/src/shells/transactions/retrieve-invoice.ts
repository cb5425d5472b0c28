import type { CashbackError } from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { type Flow, outside } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { lockInvoice } from './lock-invoice.ts';

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
  const { readRow, shownInvoice } = decisions.transactions;
  const row = lockInvoice(world, invoiceId);
  if (row === null) return null;
  const ofInvoice = ({ invoice_id }: { invoice_id: string }): boolean => invoice_id === invoiceId;
  const rows = {
    baskets: [...tables.baskets.values()].filter(ofInvoice),
    operations: [...tables.cashback_operations.values()].filter(ofInvoice),
    steps: [...tables.operation_steps.values()],
  };
  return shownInvoice(readRow(row, rows, world.shown_operations), world.compared);
}
