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
    const { isFinished, planPayee } = decisions.transactions;
    const unfinished = [...tables.cashback_operations.values()].some(
      (row) => row.invoice_id === invoice_id && !isFinished(row.status),
    );
    const writes = planPayee(lockInvoice(world, invoice_id), input, { unfinished, caller: CALLER });
    if (writes instanceof CashbackError) return writes;
    if (writes !== null) {
      writePayee(world, writes);
      engine.note(`transactions: invoice ${invoice_id} is paid to ${wallet_id}`);
    }
    return { changed: writes !== null };
  });
}
