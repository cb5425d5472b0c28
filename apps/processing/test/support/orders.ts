import { randomUUID } from 'node:crypto';
import type { OrderOutput, OrderRate } from '@cashback/contract';
import { type Invoice, type InvoiceStatus, type Payment, invoice as invoiceShape } from '@cashback/wire';
import { expect } from 'vitest';
import { readUntil, untilEqual } from '@cashback/testing';
import type { System } from './system.ts';

/** A row of the inbox, as far as tests read it. */
export interface InboxRow {
  seen_version: number;
  processed_version: number;
  asks_again: boolean;
  hints: number;
  answered_hints: number;
  failures: number;
  attention: string | null;
  waiting_since: Date | null;
}

export const paid = (amount: string, payment_type = 'card'): Payment[] => [
  { payment_type, items: [{ item_id: 'ride', amount }] },
];

/** An order of one test, and what callers do with it. */
export function newOrder({ client, transactions, database }: System, service = 'yellow') {
  const order_id = `order-${randomUUID()}`;
  const payee = { user_id: `user-${order_id.slice(6, 14)}`, wallet_id: `wallet-${order_id.slice(6, 14)}` };

  async function row(): Promise<InboxRow | undefined> {
    const text = 'SELECT * FROM processing.invoice_changes WHERE order_id = $1';
    const { rows } = await database.pool.query<InboxRow>(text, [order_id]);
    return rows[0];
  }
  /** The order at the server; null while it was never registered. */
  async function stored(): Promise<OrderOutput | null> {
    return client.order({ order_id }).catch((error: { code?: string }) => {
      if (error.code === 'ORDER_NOT_FOUND') return null;
      throw error;
    });
  }
  async function until(expected: Partial<InboxRow>): Promise<void> {
    await readUntil(row, (stored) => matches(stored, expected));
  }
  return {
    order_id,
    row,
    create: (status: 'held' | 'cleared', payments: Payment[]): Promise<Invoice> =>
      transactions.post(
        '/v2/invoice/create',
        { invoice_id: order_id, service, ...payee, currency: 'USD', status, payments },
        invoiceShape,
      ),
    update: (version: number, status: InvoiceStatus, payments: Payment[]): Promise<Invoice> =>
      transactions.post(
        '/v2/invoice/update',
        { invoice_id: order_id, version, status, payments },
        invoiceShape,
      ),
    putRates: (...rates: OrderRate[]) => client.rates.put({ order_id, service, rates }),
    stored,
    async events() {
      return (await client.events({ order_id })).events;
    },
    /** Waits until everything of this version is processed, or until the row says what is expected. */
    until,
    untilProcessed: (version: number) =>
      until({ processed_version: version, asks_again: false, attention: null }),
    untilFailures: (failures: number) => readUntil(row, (stored) => (stored?.failures ?? 0) >= failures),
    /** Waits until every hint that has come so far is answered. */
    async untilAnswered(): Promise<void> {
      const { hints = 0 } = (await row()) ?? {};
      await readUntil(row, (stored) => (stored?.answered_hints ?? -1) >= hints);
    },
    untilTarget: (user: string, service: string) =>
      untilEqual(
        async () => (await stored())?.target,
        [
          { source: 'user', value: user },
          { source: 'service', value: service },
        ],
      ),
  };
}

function matches(stored: InboxRow | undefined, expected: Partial<InboxRow>): boolean {
  return expect.objectContaining(expected).asymmetricMatch(stored);
}
