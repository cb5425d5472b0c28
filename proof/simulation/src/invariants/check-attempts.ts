import { LIMITS } from '../shells/reconcile-order.ts';
import { targetOf } from './target-of.ts';
import { NEW_SOURCE } from '../shells/app-release.ts';
import type { OrderRow, Tables } from '../tables.ts';
import type { World } from '../world.ts';
import { must } from './violation.ts';

const EXHAUSTED = /^\d+ operations of this revision/;
// By the reason: an older release gives no code.
const OVERDUE = /not settled since/;
const HELD = /the breaker's bound is/;
/** What ends by money in the wallet, as billing may hint at. */
const WALLET = /^(wallet_forbids_negative: |the wallet owes )/;
const FOREIGN_CHANGES = /^something else keeps changing the cashback/;
const DIFFERENCE = /^trust_differs: /;
const PAYEE = /\bthe order was registered with\b/;
/** An operation from before a restore, which a person then brought in. */
const OTHER_PAYEE = /^PAYEE_MISMATCH: /;
/** No release but this one says so, and a person ends it. */
const LOST = /^transactions lost operations of the order in a restore/;
const UNKNOWN_SOURCE = /^unknown_source:/;

/**
 * Retries have a bound, beyond which they are few and far between. They end early for no other reason: transactions always says the truth here, so an order needs
 * attention only after too many attempts or too long a time. Attempts count from when the order was registered or
 * resumed, each way to end by itself.
 */
export function checkAttempts(order: OrderRow, world: World): void {
  const { tables, wallet_policies, payees, compares } = world;
  const { order_id, attention } = order;
  const mayOwe = Object.keys(wallet_policies).length > 0;
  const wait_ms = mayOwe ? LIMITS.failure_base_ms : LIMITS.attention_poll_ms;
  const ends = [...endsOf(order, tables).values()];
  const most = Math.max(0, ...ends.map(({ length }) => length));
  for (const moments of ends) {
    const isHurried = moments.some((at, index) => {
      const before = moments[index - 1];
      return index >= LIMITS.max_failures && before !== undefined && at - before < wait_ms;
    });
    must(null, !isHurried, () => `${order_id}: ${moments.length} attempts ended alike, without a long wait`);
  }
  if (attention === null || OVERDUE.test(attention)) return;
  if (HELD.test(attention)) {
    // A release ends it, but for one without a code: that ends with the next attempt.
    const isHeld = order.held_revision === order.revision || order.attention_code === null;
    must(null, isHeld, () => `${order_id} needs attention and is no longer held: ${attention}`);
    return;
  }
  if (WALLET.test(attention)) {
    must(null, mayOwe, () => `${order_id} waits for its wallet, which may go below zero: ${attention}`);
    return;
  }
  if (FOREIGN_CHANGES.test(attention)) {
    must(
      null,
      world.keeps_writing,
      () => `${order_id} needs attention, and nothing else keeps writing: ${attention}`,
    );
    return;
  }
  if (DIFFERENCE.test(attention)) {
    const { keeps_other_content } = world;
    must(null, keeps_other_content, () => `${order_id} waits for Trust, which has what it was asked for`);
    return;
  }
  if (PAYEE.test(attention) || (compares && OTHER_PAYEE.test(attention))) {
    must(null, payees.has(order_id), () => `${order_id} has always had one payee: ${attention}`);
    return;
  }
  if (LOST.test(attention)) {
    must(null, compares, () => `${order_id} needs a person after a single restore: ${attention}`);
    return;
  }
  if (UNKNOWN_SOURCE.test(attention)) {
    const isNew = NEW_SOURCE in targetOf(tables.events, order_id);
    must(null, isNew, () => `${order_id} needs attention and its sources are known: ${attention}`);
    return;
  }
  must(
    null,
    EXHAUSTED.test(attention) && most >= LIMITS.max_failures,
    () => `${order_id} needs attention after ${most} attempts that ended alike: ${attention}`,
  );
}

/** When the attempts ended, by how. */
function endsOf(order: OrderRow, { operations, outcomes }: Tables): Map<string, number[]> {
  const ends = new Map<string, number[]>();
  for (const { order_id, operation_id, outcome, at } of outcomes.values()) {
    if (order_id !== order.order_id || at < order.unsettled_since) continue;
    if (operations.get(operation_id)?.revision !== order.revision) continue;
    ends.set(outcome, [...(ends.get(outcome) ?? []), at]);
  }
  return ends;
}
