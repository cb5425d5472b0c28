import { randomUUID } from 'node:crypto';
import {
  type Source,
  SOURCES,
  type AmountsBySource,
  amountOf,
  equalAmounts,
  formatAmount,
  parseAmount,
  parseAmounts,
} from '@cashback/contract';
import { WaitTimeoutError, readUntil } from '@cashback/timing';
import type { Invoice, InvoiceCashback, InvoiceCreateInput, UpdateCashbackInput } from '@cashback/wire';
import type { Api } from './api.ts';
import type { CallbackListener } from './callback-listener.ts';
import type { TrustControl } from './trust-control.ts';
import { Broken } from './verdict.ts';

/** Decimal strings by source; a source left out is 0. */
export type Target = Partial<Record<Source, string>>;

export interface HarnessOptions {
  service: string;
  currency: string;
  /** The payee of every invoice; a new one for each invoice when absent. */
  user_id?: string;
  wallet_id?: string;
  /** A service whose refunds take what is there. */
  owing_service?: string;
  /** A token that allows only reading invoices. */
  reader_token?: string;
  /** How long an operation or a callback may take. */
  settle_ms: number;
}

const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 250;

/** The means of checking a guarantee: the API, and invoices and operations of its own. */
export class Harness {
  readonly api: Api;
  readonly options: HarnessOptions;
  readonly trust: TrustControl | null;
  readonly callbacks: CallbackListener | null;

  constructor(
    api: Api,
    options: HarnessOptions,
    { trust, callbacks }: { trust: TrustControl | null; callbacks: CallbackListener | null },
  ) {
    this.api = api;
    this.options = options;
    this.trust = trust;
    this.callbacks = callbacks;
  }

  newId(): string {
    return `conformance-${randomUUID()}`;
  }

  newInvoice(fields: Partial<InvoiceCreateInput> = {}): InvoiceCreateInput {
    const { service, currency, user_id, wallet_id } = this.options;
    return {
      invoice_id: this.newId(),
      service,
      user_id: user_id ?? this.newId(),
      wallet_id: wallet_id ?? this.newId(),
      currency,
      status: 'cleared',
      payments: paid('100'),
      ...fields,
    };
  }

  async createInvoice(fields: Partial<InvoiceCreateInput> = {}): Promise<InvoiceCreateInput> {
    const invoice = this.newInvoice(fields);
    await this.api.accept('create', invoice);
    return invoice;
  }

  retrieve({ invoice_id }: { invoice_id: string }): Promise<Invoice> {
    return this.api.accept('retrieve', { invoice_id });
  }

  newOperation(
    { invoice_id, user_id, wallet_id, currency }: InvoiceCreateInput,
    version: number,
    target: Target,
    fields: Partial<UpdateCashbackInput> = {},
  ): UpdateCashbackInput {
    return {
      invoice_id,
      operation_id: this.newId(),
      version,
      user_id,
      wallet_id,
      currency,
      reward: Object.entries(target).map(([source, amount]) => ({ source: source as Source, amount })),
      ...fields,
    };
  }

  /** Sends the next operation of an invoice, at its current version. */
  async send(invoice: InvoiceCreateInput, target: Target): Promise<UpdateCashbackInput> {
    const { cashback } = await this.retrieve(invoice);
    const operation = this.newOperation(invoice, cashback.version, target);
    await this.api.accept('updateCashback', operation);
    return operation;
  }

  /** As `send`, then waits for the end of the operation. */
  async move(
    invoice: InvoiceCreateInput,
    target: Target,
  ): Promise<{ operation: UpdateCashbackInput; cashback: InvoiceCashback }> {
    const operation = await this.send(invoice, target);
    return { operation, cashback: await this.untilEnded(invoice) };
  }

  /** As `move`; throws `Broken` unless the operation succeeds with exactly the target. */
  async reach(
    invoice: InvoiceCreateInput,
    target: Target,
  ): Promise<{ operation: UpdateCashbackInput; cashback: InvoiceCashback }> {
    const moved = await this.move(invoice, target);
    assertReached(moved.cashback, target);
    return moved;
  }

  /** Resolves with the cashback of an invoice once its newest operation has ended. */
  untilEnded(invoice: { invoice_id: string }): Promise<InvoiceCashback> {
    return this.until('the operation did not end', async () => {
      const { cashback } = await this.retrieve(invoice);
      return hasEnded(cashback) ? cashback : undefined;
    });
  }

  /** Polls until something is found. Throws `Broken` with `failure` after `settle_ms`. */
  async until<Found>(failure: string, poll: () => Promise<Found | undefined>): Promise<Found> {
    const { settle_ms } = this.options;
    const options = { timeout_ms: settle_ms, interval_ms: MIN_PAUSE_MS, max_interval_ms: MAX_PAUSE_MS };
    try {
      return await readUntil(poll, (found) => found !== undefined, options);
    } catch (error) {
      if (error instanceof WaitTimeoutError) throw new Broken(`${failure} within ${settle_ms} ms`);
      throw error;
    }
  }
}

export function paid(...amounts: string[]): InvoiceCreateInput['payments'] {
  const items = amounts.map((amount, index) => ({ item_id: `item-${index + 1}`, amount }));
  return [{ payment_type: 'card', items }];
}

export function hasEnded({ status }: { status: InvoiceCashback['status'] }): boolean {
  return status === 'success' || status === 'failed';
}

export function parseTarget(target: Target): AmountsBySource {
  return Object.fromEntries(Object.entries(target).map(([source, amount]) => [source, parseAmount(amount)]));
}

/** Throws `Broken` unless the operation succeeded and the invoice carries exactly the target. */
export function assertReached(cashback: InvoiceCashback, target: Target): void {
  const expected = parseTarget(target);
  if (cashback.status !== 'success') {
    const { reason = 'no reason' } = cashback.operations[0] ?? {};
    throw new Broken(`the operation to ${describe(expected)} ended as ${cashback.status}: ${reason}`);
  }
  assertRewarded(cashback, expected);
}

export function assertRewarded({ rewarded }: InvoiceCashback, expected: AmountsBySource): void {
  const actual = parseAmounts(rewarded);
  if (equalAmounts(actual, expected)) return;
  throw new Broken(`rewarded: expected ${describe(expected)}, got ${describe(actual)}`);
}

function describe(amounts: AmountsBySource): string {
  return SOURCES.map((source) => `${source} ${formatAmount(amountOf(amounts, source))}`).join(', ');
}
