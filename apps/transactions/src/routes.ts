import {
  invoiceChangesInput,
  invoiceCreateInput,
  invoiceRetrieveInput,
  invoiceUpdateInput,
  updateCashbackInput,
} from '@cashback/contract';
import type { Database, Jobs } from '@cashback/postgres';
import { type HttpServer, route } from '@cashback/service';
import type * as z from 'zod';
import { updateCashback } from './cashback/update-cashback.ts';
import type { WalletPolicies } from './cashback/wallet-policies.ts';
import { changeInvoice } from './invoices/change-invoice.ts';
import { createInvoice } from './invoices/create-invoice.ts';
import { invoiceChanges } from './invoices/invoice-changes.ts';
import { requireInvoice } from './invoices/require-invoice.ts';

interface RoutesContext {
  database: Database;
  jobs: Jobs;
  wallet_policies: WalletPolicies;
  /** The money of an invoice changed. */
  changed: () => void;
  /** An operation may have ended. */
  finished: () => void;
}

/** What other apps may ask of this one. All of it may be sent again after a lost answer. */
export function addRoutes(server: HttpServer, context: RoutesContext): void {
  const { database, changed, finished } = context;

  function post<Input>(
    path: string,
    scope: string,
    body: z.ZodType<Input>,
    handle: (input: Input, caller: string) => Promise<unknown>,
    then?: () => void,
  ): void {
    route(server, {
      method: 'POST',
      path,
      scope,
      body,
      handler: async ({ body: input, caller }) => {
        const answer = await handle(input, caller.caller);
        then?.();
        return answer;
      },
    });
  }

  post(
    '/v2/invoice/create',
    'invoices',
    invoiceCreateInput,
    (input, by) => createInvoice(database, input, by),
    changed,
  );
  post(
    '/v2/invoice/update',
    'invoices',
    invoiceUpdateInput,
    (input, by) => changeInvoice(database, input, by),
    changed,
  );
  post('/v2/invoice/retrieve', 'invoices.read', invoiceRetrieveInput, ({ invoice_id }) =>
    requireInvoice(database.pool, invoice_id),
  );
  post('/v2/invoice/changes', 'invoices.read', invoiceChangesInput, (input) =>
    invoiceChanges(database.pool, input),
  );
  post(
    '/update/cashback',
    'cashback.update',
    updateCashbackInput,
    (input) => updateCashback(context, input),
    finished,
  );
}
