import type { CashbackClient } from '@cashback/client';
import { type Payee, idField } from '@cashback/contract';
import { type HttpClient, HttpCallError } from '@cashback/service';
import * as z from 'zod';
import { untilNotBusy } from '../until-not-busy.ts';

export interface PayeeChangeOptions {
  server: Pick<CashbackClient, 'order' | 'changePayee'>;
  transactions: HttpClient;
  /** How long an operation of the invoice may take to end. */
  busy_ms?: number;
}

export interface PayeeChangeReport {
  order_id: string;
  from: Payee;
  to: Payee;
  /** Of the order, with the new payee. */
  revision: number;
  invoice_version: number;
}

const BUSY_MS = 120_000;

const seenInvoice = z.object({ user_id: idField, wallet_id: idField, version: z.int() });

/**
 * Changes the payee of an order at the server, then that of its invoice. Both may be repeated. In between, nothing is sent
 * for the order: the worker finds that the two differ.
 */
export async function changePayee(
  order_id: string,
  to: Payee,
  reason: string,
  { server, transactions, busy_ms = BUSY_MS }: PayeeChangeOptions,
): Promise<PayeeChangeReport> {
  const { user_id, wallet_id, revision: expected_revision } = await server.order({ order_id });
  const from = { user_id, wallet_id };
  const { revision } = await server.changePayee({ order_id, expected_revision, from, to, reason });
  const changeInvoice = async () => {
    const seen = await transactions.post('/v2/invoice/retrieve', { invoice_id: order_id }, seenInvoice);
    const body = { invoice_id: order_id, version: seen.version, ...to, reason };
    return transactions.post('/v2/invoice/change_payee', body, seenInvoice);
  };
  const { version: invoice_version } = await untilNotBusy(changeInvoice, { isBusy, busy_ms });
  return { order_id, from, to, revision, invoice_version };
}

/** An operation ends by itself, and a newer version is read again. */
function isBusy(error: unknown): boolean {
  return error instanceof HttpCallError && ['OPERATION_IN_FLIGHT', 'VERSION_MISMATCH'].includes(error.code);
}
