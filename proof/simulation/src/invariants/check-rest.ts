import { parseBalance } from '@cashback/contract/amount';
import { type AmountsBySource, SOURCES, equalAmounts, totalOf } from '@cashback/contract/source';
import { expectedTarget } from '@cashback/invariants/expected-target';
import { isOpen, rewardedAtTrust } from './check-step.ts';
import { describeAmounts, targetOf } from '../shells/register.ts';
import { Violation, must } from './violation.ts';
import { RATES, SERVICES, shopCashback } from '../services.ts';
import { type OrderRow, newestEpoch } from '../tables.ts';
import type { World } from '../world.ts';

/** What is left to do; null when nothing is. */
export function whatIsLeft({ tables }: World): string | null {
  const epoch = newestEpoch(tables.invoice_epochs);
  for (const { invoice_id, version } of tables.invoices.values()) {
    const order = tables.orders.get(invoice_id);
    if (order?.invoice_epoch !== epoch || order.invoice_version !== version) {
      return `version ${version} of invoice ${invoice_id} in epoch ${epoch} is not stored`;
    }
    const change = tables.changes.get(invoice_id);
    if (change === undefined || change.processed_version < version || change.asks_again) {
      return `version ${version} of invoice ${invoice_id} is not processed`;
    }
    if (change.attention !== null) return `the invoice of ${invoice_id} needs attention: ${change.attention}`;
  }
  for (const { order_id, revision, settled_revision, operation_id, attention } of tables.orders.values()) {
    if (attention !== null) return `${order_id} needs attention: ${attention}`;
    if (settled_revision !== revision || operation_id !== null) return `${order_id} is not settled`;
  }
  for (const { operation_id, status } of tables.cashback_operations.values()) {
    if (isOpen(status)) return `${operation_id} has not ended`;
  }
  return null;
}

/** Whether nothing is left to do, and nothing that the audits may still put right. */
export function isAtRest(world: World): boolean {
  if (whatIsLeft(world) !== null) return false;
  if (!world.audits_orders) return true;
  try {
    checkRest(world);
    return true;
  } catch (error) {
    if (error instanceof Violation) return false;
    throw error;
  }
}

/** Invariants 0, 1, 9, 10 and 12, which hold when nothing is left to do. */
export function checkRest({ tables }: World): void {
  let rewarded = 0n;
  const epoch = newestEpoch(tables.invoice_epochs);
  for (const invoice of tables.invoices.values()) {
    const { invoice_id, service, version } = invoice;
    const config = SERVICES[service];
    if (config === undefined) throw new Error(`service ${service} is not there`);
    const expected = expectedTarget({ invoice, rates: RATES, config }, shopCashback);
    const target = targetOf(tables.events, invoice_id);
    const isExpected = expected !== null && equalAmounts(expected.target, target);
    must(0, isExpected, () => `${invoice_id}: version ${version} does not give ${describeAmounts(target)}`);
    const order = tables.orders.get(invoice_id);
    must(
      0,
      order?.invoice_epoch === epoch &&
        order.invoice_version === version &&
        order.cleared_sum === expected?.cleared_sum,
      () =>
        `${invoice_id}: version ${version} of epoch ${epoch} is not stored, it is ${storedVersion(order)}`,
    );
    const atTrust = rewardedAtTrust(tables, invoice_id);
    must(
      1,
      equalAmounts(atTrust, target),
      () =>
        `${invoice_id}: the target is ${describeAmounts(target)}, rewarded is ${describeAmounts(atTrust)}`,
    );
    const known = rewardedInBaskets(tables, invoice_id);
    must(
      12,
      SOURCES.every((source) => (known[source] ?? 0n) === (atTrust[source] ?? 0n)),
      () =>
        `${invoice_id}: transactions knows ${describeAmounts(known)}, at Trust it is ${describeAmounts(atTrust)}`,
    );
    rewarded += totalOf(atTrust);
  }
  const held = [...tables.trust_wallets.values()].reduce((sum, { balance }) => sum + balance, 0n);
  must(12, rewarded === held, () => `rewarded is ${rewarded}, the wallets hold ${held}`);
  checkWallets(tables);
}

function storedVersion(order: OrderRow | undefined): string {
  return order === undefined ? 'no order' : `${order.invoice_version} of epoch ${order.invoice_epoch}`;
}

/** What the baskets that transactions knows of still hold. */
function rewardedInBaskets({ baskets }: World['tables'], invoiceId: string): AmountsBySource {
  const held: AmountsBySource = {};
  for (const { invoice_id, source, amount, refunded } of baskets.values()) {
    if (invoice_id === invoiceId) held[source] = (held[source] ?? 0n) + amount - refunded;
  }
  return held;
}

/** The time of a check that comes before those whose turn has come. */
const FIRST_OF_ALL = 0;

type Push = World['tables']['pushes'][number];

function follows({ epoch, sequence }: Push, before: Push | undefined): boolean {
  if (before === undefined) return sequence === 1;
  return epoch === before.epoch && sequence === before.sequence + 1;
}

/** 9 and 10 */
function checkWallets({ trust_wallets, balances, pushes }: World['tables']): void {
  for (const [wallet_id, { balance, sequence }] of trust_wallets) {
    const cached = balances.get(wallet_id);
    must(
      9,
      cached?.sequence === sequence && parseBalance(cached.balance) === balance,
      () => `${wallet_id} is at sequence ${sequence}, its cache at ${cached?.sequence ?? 'none'}`,
    );
    const pushed = pushes.filter((push) => push.wallet_id === wallet_id);
    const hasGap = pushed.some(
      (push, index) => push.origin === 'callback' && !follows(push, pushed[index - 1]),
    );
    must(
      9,
      (cached?.check_at === FIRST_OF_ALL) === hasGap,
      () =>
        `${wallet_id} ${hasGap ? 'missed a callback, and' : 'missed none, and it'} is checked at ${cached?.check_at}`,
    );
    for (const [index, push] of pushed.entries()) {
      const before = pushed[index - 1]?.sequence ?? 0;
      must(
        10,
        push.sequence > before,
        () => `${wallet_id}: sequence ${push.sequence} is pushed after ${before}`,
      );
    }
  }
}
