import type { Database, Jobs } from '@cashback/postgres';
import { type ApiRoute, type HttpServer, route, serveApiDocs } from '@cashback/service';
import type * as z from 'zod';
import { api, document } from './api.ts';
import { createUpdateCashback } from './cashback/accept/update-cashback.ts';
import type { Adopter } from './cashback/adopt/adopt-history.ts';
import type { WalletPolicies } from './cashback/accept/wallet-policies.ts';
import { changePayee } from './invoices/payee/change-payee.ts';
import { changeInvoice } from './invoices/change-invoice.ts';
import { createInvoice } from './invoices/create-invoice.ts';
import { cashbackChanges } from './feeds/cashback-changes.ts';
import { invoiceChanges } from './feeds/invoice-changes.ts';
import { invoiceHistory } from './invoices/history/invoice-history.ts';
import { requireInvoice } from './invoices/require-invoice.ts';

interface RoutesContext {
  database: Database;
  jobs: Jobs;
  wallet_policies: WalletPolicies;
  /** Where Trust has no list, the newest epoch that was compared with its export; null: it has one. */
  compared: number | null;
  adopt: Adopter['adopt'];
  /** The money of an invoice changed. */
  changed: () => void;
  /** An operation may have ended. */
  finished: () => void;
}

/** The routes for other apps. Every request may be sent again after a lost answer. */
export function addRoutes(server: HttpServer, context: RoutesContext): void {
  const { database, compared, changed, finished } = context;

  function post<Body extends z.ZodType, Answer extends z.ZodType>(
    { path, scope, body }: ApiRoute & { body: Body; answer: Answer },
    handle: (input: z.output<Body>, caller: string) => Promise<z.input<Answer>>,
    then?: () => void,
  ): void {
    route(server, {
      method: 'POST',
      path,
      scope,
      body,
      handler: async ({ body: input, caller }) => {
        const answer = await handle(input as z.output<Body>, caller.caller);
        then?.();
        return answer;
      },
    });
  }

  post(api.create, (input, by) => createInvoice(database, input, by), changed);
  post(api.update, (input, by) => changeInvoice(database, input, by), changed);
  post(api.changePayee, (input, by) => changePayee(database, input, by), changed);
  post(api.retrieve, ({ invoice_id }) => requireInvoice(database.pool, invoice_id, compared));
  post(api.changes, (input) => invoiceChanges(database.pool, input));
  post(api.cashbackChanges, (input) => cashbackChanges(database.pool, input));
  post(api.history, (input) => invoiceHistory(database.pool, input));
  post(api.updateCashback, createUpdateCashback(context), finished);
  serveApiDocs(server, document);
}
