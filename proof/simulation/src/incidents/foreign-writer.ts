import { type Flow, call, sleep } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { updateCashback } from '../shells/transactions/update-cashback.ts';

const LONGEST_PAUSE_MS = 120_000;
const EVERY_MS = 1_000;
const MOST_TRIES = 20;

/** Something else takes back all that an invoice carries, once and at any moment, by an operation of its own. */
export function* writeForeign(world: World, orderId: string): Flow<void> {
  const { choices } = world.engine;
  yield* sleep(choices.below(LONGEST_PAUSE_MS));
  const operation_id = `${FOREIGN}${orderId}`;
  for (let tries = 0; tries < MOST_TRIES && !world.tables.cashback_operations.has(operation_id); tries += 1) {
    yield* takeBack(world, orderId, operation_id);
    yield* sleep(EVERY_MS);
  }
}

export function* takeBack(world: World, orderId: string, operation_id: string): Flow<void> {
  const invoice = world.tables.invoices.get(orderId);
  if (invoice === undefined) return;
  const { invoice_id, cashback_version: version, user_id, wallet_id, currency } = invoice;
  const input = { invoice_id, operation_id, version, user_id, wallet_id, currency, reward: [] };
  yield* call('transactions', `update ${operation_id}`, () => updateCashback(world, input));
}

/** What the ids of its operations begin with. */
export const FOREIGN = 'foreign-';
