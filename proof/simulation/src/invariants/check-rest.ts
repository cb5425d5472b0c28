import { parseBalance } from '@cashback/contract/amount';
import { type AmountsBySource, SOURCES, amountOf, equalAmounts, totalOf } from '@cashback/contract/source';
import { expectedTarget } from '@cashback/invariants/expected-target';
import { checkOwed } from './check-parts.ts';
import { heldByWallet, rewardedAtTrust } from './at-trust.ts';
import { isOpen } from './check-step.ts';
import { owedBy, waitsForMoney } from './waits-for-money.ts';
import { reconcileTrust } from '../shells/reconcile-trust.ts';
import { describeAmounts } from '../describe-amounts.ts';
import { targetOf } from './target-of.ts';
import { Violation, must } from './violation.ts';
import { RATES, SERVICES, shopCashback } from '../services.ts';
import type { InvoiceRow } from '@cashback/transactions/decisions';
import { type OrderRow, newestEpoch } from '../tables.ts';
import type { World } from '../world.ts';

/** What is left to do; null when nothing is. */
export function whatIsLeft(world: World): string | null {
  const { tables } = world;
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
  for (const order of tables.orders.values()) {
    const { order_id, revision, settled_revision, operation_id, attention } = order;
    if (operation_id === null && waitsForMoney(world, order)) continue;
    if (attention !== null) return `${order_id} needs attention: ${attention}`;
    if (settled_revision !== revision || operation_id !== null) return `${order_id} is not settled`;
  }
  for (const { operation_id, status } of tables.cashback_operations.values()) {
    if (isOpen(status)) return `${operation_id} has not ended`;
  }
  return null;
}

/** Whether nothing is left to do, and nothing that the audits may still correct. */
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

/** Whether nothing but money in wallets brings an order on. */
export function isOwing(world: World): boolean {
  return [...world.tables.orders.values()].some((order) => waitsForMoney(world, order));
}

/** Invariants 0, 1, 9, 10, 12 and 14, which hold when nothing is left to do. */
export function checkRest(world: World): void {
  const { tables } = world;
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
    checkRewarded(world, invoice, { target, atTrust });
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
  const other = tables.other_money.reduce((sum, amount) => sum + amount, 0n);
  must(
    12,
    rewarded + other === held,
    () => `rewarded is ${rewarded}, other money ${other}, the wallets hold ${held}`,
  );
  const [difference] = reconcileTrust(world);
  must(12, difference === undefined, () => `Trust and transactions differ: ${JSON.stringify(difference)}`);
  checkOwed(world);
  checkWallets(tables);
}

/** 1: rewarded less what is owed is the target, and the wallet of the last payee has it. */
function checkRewarded(
  world: World,
  { invoice_id, wallet_id: payee }: InvoiceRow,
  { target, atTrust }: { target: AmountsBySource; atTrust: AmountsBySource },
): void {
  const order = world.tables.orders.get(invoice_id);
  const owed = order === undefined ? null : owedBy(order);
  // A wallet that is short keeps everything as it is where refunds fail.
  if (owed === null && order !== undefined && waitsForMoney(world, order)) return;
  must(
    1,
    SOURCES.every(
      (source) => amountOf(atTrust, source) === amountOf(target, source) + amountOf(owed ?? {}, source),
    ),
    () =>
      `${invoice_id}: the target is ${describeAmounts(target)}, rewarded is ${describeAmounts(atTrust)}` +
      (owed === null ? '' : `, owed is ${describeAmounts(owed)}`),
  );
  for (const [walletId, held] of heldByWallet(world.tables, invoice_id)) {
    if (walletId === payee) continue;
    const isOwed = SOURCES.every((source) => amountOf(held, source) <= amountOf(owed ?? {}, source));
    must(1, isOwed, () => `${invoice_id}: ${walletId}, no longer its payee's, has ${describeAmounts(held)}`);
  }
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
    for (const [index, push] of pushed.entries()) {
      const before = pushed[index - 1] ?? { epoch: 0, sequence: 0 };
      const isNewer =
        push.epoch > before.epoch || (push.epoch === before.epoch && push.sequence > before.sequence);
      must(
        10,
        isNewer,
        () =>
          `${wallet_id}: sequence ${push.sequence} is pushed after ${before.sequence} of epoch ${before.epoch}`,
      );
    }
    const hasGap = pushed.some(
      (push, index) => push.origin === 'callback' && !follows(push, pushed[index - 1]),
    );
    must(
      9,
      (cached?.check_at === FIRST_OF_ALL) === hasGap,
      () =>
        `${wallet_id} ${hasGap ? 'missed a callback, and' : 'missed none, and it'} is checked at ${cached?.check_at}`,
    );
  }
}
