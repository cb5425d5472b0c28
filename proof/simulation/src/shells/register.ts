import type { LoadedOrder, NewOrder } from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import { formatAmount } from '@cashback/contract/amount';
import type { DecidedCall, RegisterPlan } from '@cashback/server/decisions';
import { describeAmounts } from '../describe-amounts.ts';
import type { Flow } from '../engine/flow.ts';
import { insertRow, rowOf, updateRow } from '../rows.ts';
import type { World } from '../world.ts';
import { loadTarget } from './load-target.ts';
import {
  type AppRelease,
  inputReadBy,
  readBy,
  refuseUnknown,
  takeAppRelease,
  targetReadBy,
} from './app-release.ts';

/** `register`: what the server plans for a batch of one call, applied to the tables of the simulation. */
export function* register(world: World, sent: RegisterInput): Flow<RegisterOutput | CashbackError> {
  const { server, database } = world.decisions;
  const appRelease = takeAppRelease(world);
  const input = inputReadBy(appRelease, sent);
  const { order_id, invoice_version } = input;
  const refused = refuseUnknown(
    readBy(appRelease, input.cashback_by_source ?? []).map(({ source }) => source),
  );
  if (refused !== null) return refused;
  const locks = server.planLocks([input]);
  const { answers } = yield* database.register(
    `register version ${invoice_version} of ${order_id}`,
    () => loadOrder(world, order_id, appRelease),
    (order) => {
      const known = new Set(order === null ? [] : locks.if_known);
      const rows = server.rowsToLock(locks, known);
      for (const row of rows) insertOrder(world, row);
      const locked = rows.map((row) => row.order_id);
      const created = new Set(order === null ? locked : []);
      const stored = new Map(order === null ? [] : locked.map((orderId) => [orderId, order]));
      const plan = server.planRegisters(locks, { created, stored }, world.bounds);
      for (const call of plan.decided) {
        world.engine.note(`server: register version ${invoice_version} of ${order_id}: ${describe(call)}`);
      }
      apply(world, plan);
      return plan;
    },
    ({ jobs }) => {
      for (const { key, payload } of jobs) world.charges.enqueue(key, payload.order_id);
    },
  );
  const [answer] = answers;
  if (answer === undefined) throw new Error(`the register of ${order_id} has no answer`);
  return answer;
}

function loadOrder(world: World, orderId: string, appRelease: AppRelease): LoadedOrder | null {
  const { tables, decisions } = world;
  const row = tables.orders.get(orderId);
  if (row === undefined) return null;
  const hold = decisions.server.holdOf(row);
  return decisions.database.loadedOrderOf(
    { ...row, cashback_sum: formatAmount(row.cashback_sum), allowed: hold && hold.allowed },
    targetReadBy(appRelease, loadTarget(world, orderId)),
  );
}

/** A row that exists stays as it is. */
function insertOrder({ engine, tables, decisions }: World, order: NewOrder): void {
  if (tables.orders.has(order.order_id)) return;
  insertRow(tables.orders, order.order_id, decisions.server.newRow(order, engine.now()));
}

function apply(world: World, { updates, resumes, events, growing }: RegisterPlan): void {
  const { engine, tables, archive, decisions } = world;
  const { registeredRow, resumedRow } = decisions.server;
  for (const update of updates) {
    const row = registeredRow(rowOf(tables.orders, update.order_id), update, engine.now());
    updateRow(tables.orders, update.order_id, row);
  }
  for (const order_id of resumes) {
    const row = resumedRow(rowOf(tables.orders, order_id), { by_person: false }, engine.now());
    if (row !== null) updateRow(tables.orders, order_id, row);
  }
  tables.events.push(...events);
  archive.events.push(...events);
  holdGrowth(world, growing);
}

/** What the breaker writes last in the transaction. */
function holdGrowth({ engine, tables, decisions }: World, growing: RegisterPlan['growing']): void {
  const { countedWindow, decideHolds, discountedWindow, heldRow } = decisions.server;
  const keyOf = ({ service, currency }: { service: string; currency: string }): string =>
    `${service} ${currency}`;
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

function describe({ decision }: DecidedCall): string {
  if (decision.outcome === 'refused') return decision.code;
  if (decision.outcome !== 'registered') return decision.outcome;
  return `registered as revision ${decision.revision}, ${describeAmounts(decision.target)}`;
}
