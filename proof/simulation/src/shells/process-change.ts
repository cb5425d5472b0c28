import { type Amount, CashbackError, amountOf, formatAmount, formatValues } from '@cashback/contract';
import { type ServiceCashback, calculateCashback, clearedSums } from '@cashback/core';
import type { LockedInvoice } from '@cashback/transactions/decisions';
import { type Flow, atomically, call, outside } from '../engine/flow.ts';
import type { ChangeRow } from '../tables.ts';
import { RATES, SERVICES, shopCashback } from '../services.ts';
import type { World } from '../world.ts';
import { register, targetOf } from './register.ts';

const RETRY_MS = 2_000;
const RETRY_MAX_MS = 60_000;
const MAX_ROUNDS = 5;

type Processed = { version: number; asks_again: boolean } | null;

/** The callback of a changed invoice, and the feed that makes up for one that was lost. */
export function* noteChange(
  world: World,
  { invoice_id: orderId, version }: { invoice_id: string; version: number },
): Flow<true> {
  return yield* atomically(`note version ${version} of ${orderId}`, () => {
    const { engine, tables, changes } = world;
    const row: ChangeRow = tables.changes.get(orderId) ?? {
      order_id: orderId,
      seen_version: 0,
      processed_version: 0,
      asks_again: false,
      failures: 0,
      next_look_at: engine.now(),
    };
    if (version > row.seen_version) {
      tables.changes.set(orderId, {
        ...row,
        seen_version: version,
        failures: 0,
        next_look_at: engine.now(),
      });
      changes.enqueue(orderId, orderId);
    }
    return true;
  });
}

/** `universal_cashback_processing` */
export function* processJob(world: World, orderId: string): Flow<void> {
  const change = yield* atomically(`load the change of ${orderId}`, () => unfinished(world, orderId));
  if (change === null) return;
  const processed = yield* processUntilStored(world, orderId);
  yield* atomically(`record what came of ${orderId}`, () => record(world, change, processed));
}

function unfinished({ tables }: World, orderId: string): ChangeRow | null {
  const row = tables.changes.get(orderId);
  return row !== undefined && isUnfinished(row) ? { ...row } : null;
}

export function isUnfinished({ processed_version, seen_version, asks_again }: ChangeRow): boolean {
  return processed_version < seen_version || asks_again;
}

/** Null: something did not answer, or others were faster. */
function* processUntilStored(world: World, orderId: string): Flow<Processed> {
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const stored = yield* call('server', `order ${orderId}`, () => readOrder(world, orderId));
    if (stored === null) return null;
    const invoice = yield* call('transactions', `invoice ${orderId}`, () => readInvoice(world, orderId));
    if (invoice === null) return null;
    const calculated = calculate(world, invoice, stored.service_value);
    const answer = yield* call('server', `register ${orderId}`, () =>
      register(world, {
        order_id: orderId,
        service: invoice.service,
        user_id: invoice.user_id,
        wallet_id: invoice.wallet_id,
        currency: invoice.currency,
        invoice_version: invoice.version,
        cleared_sum: formatAmount(calculated.cleared_sum),
        cashback_by_source: formatValues(calculated.target),
        expected_revision: stored.revision,
      }),
    );
    if (answer === null) return null;
    if (answer instanceof CashbackError) continue;
    if (answer.outcome === 'registered' || answer.outcome === 'unchanged') {
      return { version: invoice.version, asks_again: calculated.asks_again };
    }
  }
  return null;
}

function* readOrder({ tables }: World, orderId: string): Flow<{ revision: number; service_value: Amount }> {
  return yield* outside('read', () => ({
    revision: tables.orders.get(orderId)?.revision ?? 0,
    service_value: amountOf(targetOf(tables.events, orderId), 'service'),
  }));
}

function* readInvoice({ tables }: World, orderId: string): Flow<LockedInvoice> {
  return yield* outside('read', () => {
    const invoice = tables.invoices.get(orderId);
    if (invoice === undefined) throw new Error(`invoice ${orderId} is not there`);
    return { ...invoice };
  });
}

function calculate({ engine }: World, invoice: LockedInvoice, kept: Amount) {
  const config = SERVICES[invoice.service];
  if (config === undefined) throw new Error(`service ${invoice.service} is not there`);
  const asks = config.service_cashback === 'url' && invoice.status === 'cleared';
  const silent = asks && engine.happens('silent_shop');
  let service_cashback: ServiceCashback | null = null;
  if (asks) {
    service_cashback = silent
      ? { origin: 'kept', value: kept }
      : { origin: 'url', value: shopCashback(clearedSums(invoice, config).base) };
  }
  const calculation = calculateCashback({
    invoice,
    rates: RATES,
    config,
    config_hash: '',
    service_cashback,
  });
  if (calculation.outcome !== 'calculated') throw new Error(calculation.outcome);
  return { target: calculation.target, cleared_sum: calculation.cleared_sum, asks_again: silent };
}

/** As the statement of `record-steps` has it: a row that saw a newer version meanwhile keeps what that reset. */
function record({ engine, tables, changes }: World, change: ChangeRow, processed: Processed): void {
  const row = tables.changes.get(change.order_id);
  if (row === undefined) throw new Error(`change ${change.order_id} is not there`);
  const complete = processed !== null && !processed.asks_again;
  const failures = complete ? 0 : change.failures + 1;
  const wait_ms = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures);
  if (processed !== null) {
    if (processed.version >= row.processed_version) row.asks_again = processed.asks_again;
    row.processed_version = Math.max(row.processed_version, processed.version);
  }
  if (row.seen_version === change.seen_version) {
    row.failures = failures;
    row.next_look_at = engine.now() + (complete ? 0 : wait_ms);
  }
  if (isUnfinished(row)) changes.enqueue(`${row.order_id}#poll`, row.order_id, complete ? 0 : wait_ms);
}
