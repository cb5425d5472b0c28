import { type LoadedOrder, type NewEvent, type NewOrder } from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import { formatAmount } from '@cashback/contract/amount';
import { SOURCES, type AmountsBySource, amountOf } from '@cashback/contract/source';
import type { DecidedCall, RegisterWrites } from '@cashback/server/decisions';
import type { Flow } from '../engine/flow.ts';
import { insertRow, rowOf, updateRow } from '../rows.ts';
import type { World } from '../world.ts';
import { type Release, inputReadBy, readBy, refuseUnknown, takeRelease, targetReadBy } from './release.ts';

/** `register`: what the server decides, and what it writes, applied to the tables of the simulation. */
export function* register(world: World, sent: RegisterInput): Flow<RegisterOutput | CashbackError> {
  const { server, database } = world.decisions;
  const release = takeRelease(world);
  const input = inputReadBy(release, sent);
  const { order_id, invoice_version } = input;
  const refused = refuseUnknown(readBy(release, input.cashback_by_source ?? []).map(({ source }) => source));
  if (refused !== null) return refused;
  const { decided } = yield* database.register(
    `register version ${invoice_version} of ${order_id}`,
    () => loadOrder(world, order_id, release),
    (stored) => {
      const first = server.decideCall(input, null);
      const created = stored === null && server.isLockable(first, false);
      if (created) insertOrder(world, server.newOrderOf(first));
      const decided = server.decideLocked(first, stored, created);
      world.engine.note(`server: register version ${invoice_version} of ${order_id}: ${describe(decided)}`);
      const writes = server.writesOf(decided);
      apply(world, writes);
      holdGrowth(world, decided);
      return { decided, writes };
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

function loadOrder({ tables, decisions }: World, orderId: string, release: Release): LoadedOrder | null {
  const row = tables.orders.get(orderId);
  if (row === undefined) return null;
  const hold = decisions.server.holdOf(row);
  return decisions.database.loadedOrderOf(
    { ...row, cashback_sum: formatAmount(row.cashback_sum), allowed: hold && hold.allowed },
    targetReadBy(release, targetOf(tables.events, orderId)),
  );
}

/** What the breaker writes last in the transaction. */
function holdGrowth({ engine, tables, decisions, bounds }: World, decided: DecidedCall): void {
  const { countedWindow, decideHolds, discountedWindow, growingOf, heldRow } = decisions.server;
  const keyOf = ({ service, currency }: { service: string; currency: string }): string =>
    `${service} ${currency}`;
  const growing = growingOf([decided], bounds);
  const windows = growing.map((one) => {
    const window = countedWindow(tables.breaker_windows.get(keyOf(one)) ?? null, one, engine.now());
    tables.breaker_windows.set(keyOf(one), window);
    return { ...window, window_start: new Date(window.window_start) };
  });
  const { held, discounts } = decideHolds(growing, windows);
  for (const one of discounts) {
    tables.breaker_windows.set(keyOf(one), discountedWindow(rowOf(tables.breaker_windows, keyOf(one)), one));
  }
  for (const one of held) {
    const row = heldRow(rowOf(tables.orders, one.order_id), one, engine.now());
    updateRow(tables.orders, one.order_id, row);
    engine.note(`server: ${one.order_id} is held at revision ${one.revision}`);
  }
}

/** A row that exists stays as it is. */
function insertOrder({ engine, tables, decisions }: World, order: NewOrder): void {
  if (tables.orders.has(order.order_id)) return;
  insertRow(tables.orders, order.order_id, decisions.server.newRow(order, engine.now()));
}

function apply(
  { engine, tables, archive, decisions }: World,
  { update, resume, events }: RegisterWrites,
): void {
  const { registeredRow, resumedRow } = decisions.server;
  if (update !== null) {
    const row = registeredRow(rowOf(tables.orders, update.order_id), update, engine.now());
    updateRow(tables.orders, update.order_id, row);
  }
  if (resume !== null) {
    const row = resumedRow(rowOf(tables.orders, resume), { by_person: false }, engine.now());
    if (row !== null) updateRow(tables.orders, resume, row);
  }
  tables.events.push(...events);
  archive.events.push(...events);
}

function describe({ decision }: DecidedCall): string {
  if (decision.outcome === 'refused') return decision.code;
  if (decision.outcome !== 'registered') return decision.outcome;
  return `registered as revision ${decision.revision}, ${describeAmounts(decision.target)}`;
}

export function describeAmounts(amounts: AmountsBySource): string {
  return SOURCES.map((source) => `${source} ${formatAmount(amountOf(amounts, source))}`).join(', ');
}
