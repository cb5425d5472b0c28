import { CashbackError, type Payee } from '@cashback/contract';
import { type Flow, call, sleep } from '../engine/flow.ts';
import { changeOrderPayee } from '../shells/change-order-payee.ts';
import { showOrder } from '../shells/show-order.ts';
import { USER } from '../shells/take-balance.ts';
import { changeInvoicePayee } from '../shells/transactions/change-payee.ts';
import { retrieveNewest } from '../shells/transactions/retrieve-invoice.ts';
import type { World } from '../world.ts';

/** Wallets of other orders, and one of its own. */
const WALLETS = ['wallet-1', 'wallet-2', 'wallet-3'];
const MOST_CHANGES = 2;
const LONGEST_PAUSE_MS = 120_000;
const AGAIN_MS = 1_000;
const REASON = 'two users are one';

/** A person changes the payee of an order, once or twice and at any moment. */
export function* changePayee(world: World, orderId: string): Flow<void> {
  const { choices } = world.engine;
  const changes = 1 + choices.below(MOST_CHANGES);
  for (let change = 0; change < changes; change += 1) {
    yield* sleep(choices.below(LONGEST_PAUSE_MS));
    const wallet_id = WALLETS[choices.below(WALLETS.length)] ?? '';
    world.payees.set(orderId, { user_id: USER, wallet_id });
    yield* statePayee(world, orderId);
  }
}

/** `cashback change-payee`, repeated until both sides have the payee that was stated last. */
export function* statePayee(world: World, orderId: string): Flow<void> {
  for (;;) {
    const to = world.payees.get(orderId);
    if (to === undefined) return;
    const isDone = yield* changeBothSides(world, orderId, to);
    if (isDone && world.payees.get(orderId) === to) return;
    yield* sleep(AGAIN_MS);
  }
}

function* changeBothSides(world: World, order_id: string, to: Payee): Flow<boolean> {
  const order = yield* call('server', `order ${order_id}`, () => showOrder(world, order_id));
  if (order === null || order instanceof CashbackError) return false;
  const { user_id, wallet_id, revision: expected_revision } = order;
  const input = { order_id, expected_revision, from: { user_id, wallet_id }, to, reason: REASON };
  const atServer = yield* call('server', `change the payee of ${order_id}`, () =>
    changeOrderPayee(world, input),
  );
  if (atServer === null || atServer instanceof CashbackError) return false;
  const invoice = yield* call('transactions', `invoice ${order_id}`, () => retrieveNewest(world, order_id));
  if (invoice === null || invoice instanceof CashbackError) return false;
  const change = { invoice_id: order_id, version: invoice.version, ...to, reason: REASON };
  const atTransactions = yield* call('transactions', `change the payee of ${order_id}`, () =>
    changeInvoicePayee(world, change),
  );
  return atTransactions !== null && !(atTransactions instanceof CashbackError);
}
