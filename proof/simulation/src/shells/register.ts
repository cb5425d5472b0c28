import type { LoadedOrder, NewEvent, NewOrder } from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import { formatAmount } from '@cashback/contract/amount';
import { SOURCES, type AmountsBySource, amountOf } from '@cashback/contract/source';
import type { DecidedCall, RegisterWrites } from '@cashback/server/decisions';
import type { Flow } from '../engine/flow.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';

/** `register`: what the server decides, and what it writes, applied to the tables of the simulation. */
export function* register(world: World, input: RegisterInput): Flow<RegisterOutput | CashbackError> {
  const { order_id, invoice_version } = input;
  const { server, database } = world.decisions;
  const { decided } = yield* database.register(
    `register version ${invoice_version} of ${order_id}`,
    () => loadOrder(world, order_id),
    (stored) => {
      const call = server.decideCall(input, stored);
      world.engine.note(`server: register version ${invoice_version} of ${order_id}: ${describe(call)}`);
      const writes = server.writesOf(call);
      if (stored === null && call.decision.outcome === 'registered') {
        insertOrder(world, server.newOrderOf(call));
      }
      apply(world, writes);
      return { decided: call, writes };
    },
    ({ writes: { job } }) => {
      if (job !== null) world.charges.enqueue(job.key, job.payload.order_id);
    },
  );
  return server.answerOf(decided);
}

/** The newest event of each source. */
export function targetOf(events: readonly NewEvent[], orderId: string): AmountsBySource {
  const target: AmountsBySource = {};
  for (const source of SOURCES) {
    const newest = events.findLast((event) => event.order_id === orderId && event.source === source);
    if (newest !== undefined) target[source] = newest.value;
  }
  return target;
}

function loadOrder({ tables }: World, orderId: string): LoadedOrder | null {
  const order = tables.orders.get(orderId);
  return order === undefined ? null : { ...order, target: targetOf(tables.events, orderId) };
}

/** A row that exists stays as it is. The other columns have the table's defaults. */
function insertOrder({ engine, tables }: World, order: NewOrder): void {
  if (tables.orders.has(order.order_id)) return;
  tables.orders.set(order.order_id, {
    ...order,
    revision: 1,
    settled_revision: 0,
    operation_id: null,
    rewarded: [],
    cashback_version: 0,
    attention: null,
    unsettled_since: engine.now(),
    next_charge_at: engine.now(),
    poll_at: null,
  });
}

function apply({ engine, tables }: World, { update, resume, events }: RegisterWrites): void {
  if (update !== null) {
    const { is_new_target, ...columns } = update;
    const row = rowOf(tables.orders, update.order_id);
    Object.assign(row, columns, is_new_target && due(engine.now()));
  }
  if (resume !== null) Object.assign(rowOf(tables.orders, resume), due(engine.now()));
  tables.events.push(...events);
}

/** The order is to be charged at once, as if its target were new. */
function due(now: number): Pick<OrderRow, 'attention' | 'unsettled_since' | 'next_charge_at'> {
  return { attention: null, unsettled_since: now, next_charge_at: now };
}

function rowOf(orders: ReadonlyMap<string, OrderRow>, orderId: string): OrderRow {
  const row = orders.get(orderId);
  if (row === undefined) throw new Error(`order ${orderId} is not there`);
  return row;
}

function describe({ decision }: DecidedCall): string {
  if (decision.outcome === 'refused') return decision.code;
  if (decision.outcome !== 'registered') return decision.outcome;
  return `registered as revision ${decision.revision}, ${describeAmounts(decision.target)}`;
}

export function describeAmounts(amounts: AmountsBySource): string {
  return SOURCES.map((source) => `${source} ${formatAmount(amountOf(amounts, source))}`).join(', ');
}
