import { type Flow, outside, sleep } from '../engine/flow.ts';
import { applyTimes } from '../shells/apply-writes.ts';
import { noteChange } from '../shells/processing/process-change.ts';
import { newestEpoch } from '../tables.ts';
import type { World } from '../world.ts';
import { statePayee } from './change-payee.ts';
import { type Owner, RESTORE_MS } from './owners.ts';
import { restateInvoices } from './restate-invoices.ts';
import { restateRequests } from './restate-requests.ts';

/** What a person does after a restore: begins a new epoch before the side serves again, and reconciles what it lost. */
export function* afterRestore(world: World, owner: Owner): Flow<void> {
  switch (owner) {
    case 'cashback':
      yield* sleep(RESTORE_MS);
      restatePayees(world);
      // Without that the audits find it, somewhat later.
      return world.engine.choices.below(2) === 0 ? undefined : yield* reconcile(world);
    case 'transactions':
      yield* beginEpoch(world, 'invoice_epochs');
      yield* sleep(RESTORE_MS);
      restatePayees(world);
      return yield* restateInvoices(world);
    case 'trust':
      yield* beginEpoch(world, 'trust_epochs');
      // No operation is accepted before its invoice is compared with what Trust has.
      yield* beginEpoch(world, 'invoice_epochs');
      world.compared_from = newestEpoch(world.tables.invoice_epochs);
      yield* sleep(RESTORE_MS);
      // Targets change while Trust lacks money.
      yield* restateInvoices(world);
      yield* sleep(UNTIL_RESTATED_MS[world.engine.choices.below(UNTIL_RESTATED_MS.length)] ?? 0);
      return yield* restateRequests(world);
    case 'processing':
    case 'wallet':
  }
}

/** A change of payee that one side has forgotten is made again. */
function restatePayees(world: World): void {
  for (const orderId of world.payees.keys()) {
    world.engine.spawn('client', `state the payee of ${orderId} again`, statePayee(world, orderId));
  }
}

/** Also long enough that orders need attention meanwhile. */
const UNTIL_RESTATED_MS = [0, 60_000, 1_200_000];
const MINUTE_MS = 60_000;
/** When the run began, by the clock that numbers epochs. */
const BEGAN_AT = 60_000_000;

/** A backup may lack epochs that were given out. */
function* beginEpoch(world: World, table: 'invoice_epochs' | 'trust_epochs'): Flow<void> {
  const { engine, tables, decisions } = world;
  // At most once a minute, as the page on restores has it.
  yield* sleep(Math.max(0, world.epoch_at + MINUTE_MS - engine.now()));
  if (table === 'invoice_epochs') world.epoch_at = engine.now();
  yield* outside('begin a new epoch', () => {
    const epochs = tables[table];
    const epoch = decisions.transactions.nextFeedEpoch(epochs, BEGAN_AT + engine.now());
    tables[table] = [...epochs, epoch];
    engine.note(`epoch ${epoch} of ${table} begins`);
  });
}

/** `cashback reconcile`, of all orders: processing calculates them again, and the worker compares them. */
function* reconcile(world: World): Flow<void> {
  const { reconcileHint } = world.decisions.processing;
  for (const orderId of world.tables.changes.keys()) {
    yield* noteChange(world, reconcileHint(orderId));
    yield* compare(world, orderId);
  }
}

/** The worker compares an order, whatever state it is in. */
function* compare(world: World, orderId: string): Flow<void> {
  const { engine, tables, decisions } = world;
  yield* outside(`compare ${orderId}`, () => {
    const row = tables.orders.get(orderId);
    if (row !== undefined) applyTimes(world, row, decisions.worker.dueTimes(row, 'reconcile', engine.now()));
  });
}
