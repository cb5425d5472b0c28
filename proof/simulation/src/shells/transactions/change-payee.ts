import { CashbackError } from '@cashback/contract';
import type { InvoiceChangePayeeInput } from '@cashback/wire';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { lockInvoice } from './lock-invoice.ts';
import { writePayee } from './write-rows.ts';

const CALLER = 'support';

/** `POST /v2/invoice/change_payee` */
export function* changeInvoicePayee(
  world: World,
  input: InvoiceChangePayeeInput,
): Flow<{ changed: boolean } | CashbackError> {
  const { invoice_id, wallet_id } = input;
  return yield* atomically(`change the payee of invoice ${invoice_id}`, () => {
    const { engine, tables, decisions } = world;
    const { decidePayee, isFinished, writesOfPayee } = decisions.transactions;
    const current = lockInvoice(world, invoice_id);
    if (current === null) return new CashbackError('INVOICE_NOT_FOUND', `there is no ${invoice_id}`);
    const isBusy = [...tables.cashback_operations.values()].some(
      (row) => row.invoice_id === invoice_id && !isFinished(row.status),
    );
    const decision = decidePayee(current, input, isBusy);
    if (decision.outcome === 'refused') return decision.error;
    const changed = decision.outcome === 'changed';
    if (changed) {
      writePayee(world, writesOfPayee(current, input, CALLER));
      engine.note(`transactions: invoice ${invoice_id} is paid to ${wallet_id}`);
    }
    return { changed };
  });
}
