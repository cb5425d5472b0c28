import { formatAmount } from '@cashback/contract/amount';
import { SOURCES, type AmountsBySource, amountOf, totalOf } from '@cashback/contract/source';
import { type Registration, type StoredOrder, decideRegister } from '@cashback/core';
import { type Flow, atomically } from '../engine/flow.ts';
import type { EventRow, OrderRow } from '../tables.ts';
import type { World } from '../world.ts';

export type RegisterInput = Registration & { order_id: string };
export type RegisterAnswer =
  | { outcome: 'registered' | 'unchanged' | 'stale'; invoice_version: number }
  | { outcome: 'refused'; code: string };

/** The newest event of each source. */
export function targetOf(events: readonly EventRow[], orderId: string): AmountsBySource {
  const target: AmountsBySource = {};
  for (const source of SOURCES) {
    const newest = events.findLast((event) => event.order_id === orderId && event.source === source);
    if (newest !== undefined) target[source] = newest.value;
  }
  return target;
}

/** `register`: lock, load, decide, write and enqueue, in one transaction. */
export function* register(world: World, input: RegisterInput): Flow<RegisterAnswer> {
  const { bug } = world;
  const what = `register version ${input.invoice_version} of ${input.order_id}`;
  if (bug !== 'no_row_lock') {
    const answer = yield* atomically(what, () => {
      const written = write(world, input, load(world, input.order_id));
      if (bug !== 'enqueue_after_commit') enqueueCharge(world, input, written);
      return written;
    });
    if (bug === 'enqueue_after_commit') {
      yield* atomically(`enqueue ${input.order_id}`, () => enqueueCharge(world, input, answer));
    }
    return answer;
  }
  const seen = yield* atomically('read the order without its lock', () => load(world, input.order_id));
  return yield* atomically(what, () => {
    const answer = write(world, input, seen);
    enqueueCharge(world, input, answer);
    return answer;
  });
}

function load({ tables }: World, orderId: string): StoredOrder | null {
  const order = tables.orders.get(orderId);
  return order === undefined ? null : { ...order, target: targetOf(tables.events, orderId) };
}

function write(
  { bug, engine, tables }: World,
  input: RegisterInput,
  stored: StoredOrder | null,
): RegisterAnswer {
  const { order_id, invoice_version, service, user_id, wallet_id, currency } = input;
  const isStale = bug === 'greater_or_equal_for_greater' && invoice_version === stored?.invoice_version;
  const decision = isStale ? ({ outcome: 'stale' } as const) : decideRegister(stored, input);
  engine.note(`server: register version ${invoice_version} of ${order_id}: ${describe(decision)}`);
  if (decision.outcome === 'refused') return { outcome: 'refused', code: decision.code };
  const order: OrderRow = tables.orders.get(order_id) ?? {
    order_id,
    service,
    user_id,
    wallet_id,
    currency,
    invoice_version,
    revision: 0,
    cashback_sum: 0n,
    settled_revision: 0,
    operation_id: null,
    rewarded: [],
    cashback_version: 0,
    attention: null,
    unsettled_since: engine.now(),
    next_charge_at: engine.now(),
    poll_at: null,
  };
  if (decision.outcome === 'registered') {
    const { revision, target, changes } = decision;
    tables.orders.set(order_id, {
      ...order,
      revision,
      invoice_version,
      cashback_sum: totalOf(target),
      attention: null,
      unsettled_since: engine.now(),
      next_charge_at: engine.now(),
    });
    tables.events.push(
      ...changes.map(({ source, value }) => ({ order_id, source, value, revision, invoice_version })),
    );
    return { outcome: 'registered', invoice_version };
  }
  if (decision.outcome === 'unchanged') {
    order.invoice_version = Math.max(order.invoice_version, invoice_version);
    if (order.attention !== null) {
      order.attention = null;
      order.unsettled_since = engine.now();
      order.next_charge_at = engine.now();
    }
  }
  return { outcome: decision.outcome, invoice_version: order.invoice_version };
}

function enqueueCharge({ charges }: World, { order_id }: RegisterInput, answer: RegisterAnswer): void {
  if (answer.outcome !== 'refused') charges.enqueue(order_id, order_id);
}

function describe(decision: ReturnType<typeof decideRegister>): string {
  if (decision.outcome === 'refused') return decision.code;
  if (decision.outcome !== 'registered') return decision.outcome;
  return `registered as revision ${decision.revision}, ${describeAmounts(decision.target)}`;
}

export function describeAmounts(vector: AmountsBySource): string {
  return SOURCES.map((source) => `${source} ${formatAmount(amountOf(vector, source))}`).join(', ');
}
