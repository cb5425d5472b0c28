import { formatAmount, parseAmount } from '@cashback/contract';
import { SOURCES, amountOf, equalAmounts, totalOf, parseAmounts } from '@cashback/contract/source';
import type { OperationRow } from '@cashback/transactions/decisions';
import { FOREIGN } from '../incidents/foreign-writer.ts';
import { targetOf } from './target-of.ts';
import { isOfOlderRelease } from '../shells/app-release.ts';
import { type Archive, type OrderRow, type Tables, newestEpoch } from '../tables.ts';
import { parseOnce } from './parse-once.ts';
import { must } from './violation.ts';
import type { World } from '../world.ts';
import { rewardedAtTrust } from './at-trust.ts';
import { checkAttempts } from './check-attempts.ts';
import { checkBreaker } from './check-breaker.ts';
import { checkCompared } from './check-compared.ts';
import { checkHeals } from './check-heals.ts';
import { checkParts } from './check-parts.ts';

/** Invariants 3 to 8, 11, 12, 14 and 17, which hold in every committed state, and so after every effect. */
export function checkStep(world: World): void {
  const { tables, archive } = world;
  rememberCarried(world);
  for (const order of tables.orders.values()) {
    checkEvents(order, tables);
    checkSettled(order, world);
    checkJob(order, world);
    checkAttempts(order, world);
  }
  for (const { order_id, attention } of tables.changes.values()) {
    const passes =
      attention === null ||
      isOfOlderRelease(attention) ||
      (world.payees.has(order_id) && isOfPayee(attention));
    must(17, passes, () => `the invoice of ${order_id} needs a person: ${attention}`);
  }
  checkBreaker(world);
  checkParts(world);
  checkJobs(world);
  checkOpenOperations(tables);
  checkPayees(tables);
  checkWallets(world);
  for (const operation of tables.cashback_operations.values()) checkIntent(operation, archive);
  checkNeeds(archive);
  checkSteps(world);
  checkContent(world);
  checkRewarded(world);
  checkCompared(world);
  checkHeals(world);
}

/** 3 and 4 */
function checkEvents(order: OrderRow, tables: Tables): void {
  const { order_id, revision, cashback_sum } = order;
  const events = tables.events.filter((event) => event.order_id === order_id);
  for (const source of SOURCES) {
    let last = { revision: 0, invoice_epoch: 0, invoice_version: 0 };
    for (const event of events) {
      if (event.source !== source) continue;
      must(
        3,
        event.revision > last.revision && event.revision <= revision,
        () =>
          `${order_id}: an event of revision ${event.revision} for ${source} follows one of revision ${last.revision}`,
      );
      must(
        3,
        !isOlder(event, last) && !isOlder(order, event),
        () => `${order_id}: ${describeVersion(event)} of the invoice follows ${describeVersion(last)}`,
      );
      last = event;
    }
  }
  const sum = totalOf(targetOf(events, order_id));
  must(4, sum === cashback_sum, () => `${order_id}: cashback_sum is ${cashback_sum}, its events say ${sum}`);
}

type InvoiceVersion = Pick<OrderRow, 'invoice_epoch' | 'invoice_version'>;

function isOlder(left: InvoiceVersion, right: InvoiceVersion): boolean {
  if (left.invoice_epoch !== right.invoice_epoch) return left.invoice_epoch < right.invoice_epoch;
  return left.invoice_version < right.invoice_version;
}

function describeVersion({ invoice_epoch, invoice_version }: InvoiceVersion): string {
  return `version ${invoice_version} in epoch ${invoice_epoch}`;
}

/** 1, of the row: an order that counts as settled was seen with its newest target, by what its invoice carried last. */
function checkSettled(order: OrderRow, { tables, archive }: World): void {
  const { order_id, revision, settled_revision, cashback_epoch, cashback_version } = order;
  if (settled_revision < revision) return;
  const rewarded = parseOnce(order.rewarded);
  const describe = (): string => `${order_id} counts as settled with ${JSON.stringify(order.rewarded)}`;
  must(1, equalAmounts(rewarded, targetOf(tables.events, order_id)), describe);
  const carried = archive.carried.get(carriedKey(order_id, cashback_epoch, cashback_version));
  must(1, carried === undefined || equalAmounts(rewarded, carried), describe);
}

function rememberCarried({ tables, archive, decisions }: World): void {
  const { heldBySource, isFinished } = decisions.transactions;
  const epoch = newestEpoch(tables.invoice_epochs);
  for (const { invoice_id, cashback_version } of tables.invoices.values()) {
    const key = carriedKey(invoice_id, epoch, cashback_version);
    if (archive.carried.has(key)) continue;
    const ofInvoice = (row: { invoice_id: string }): boolean => row.invoice_id === invoice_id;
    const operations = [...tables.cashback_operations.values()].filter(ofInvoice);
    if (!operations.every(({ status }) => isFinished(status))) continue;
    const held = heldBySource([...tables.baskets.values()].filter(ofInvoice));
    archive.carried.set(key, parseAmounts(held));
  }
}

function carriedKey(invoiceId: string, epoch: number, version: number): string {
  return `${invoiceId} ${epoch} ${version}`;
}

/** 11, as strictly as the apps keep it: the job or the poll is committed with the change that needs it. */
function checkJob(order: OrderRow, { charges, forgotten }: World): void {
  const { order_id, settled_revision, revision, attention, poll_at } = order;
  const isCovered =
    poll_at !== null || settled_revision === revision || attention !== null || forgotten.has(order_id);
  must(
    11,
    isCovered || charges.knows(order_id),
    () => `${order_id} is not settled, has no job and is not polled`,
  );
}

/** 11, of the rows of processing and transactions: the job is committed with the row that needs it. */
function checkJobs({ tables, changes, advances }: World): void {
  for (const { order_id, ...row } of tables.changes.values()) {
    const isBehind =
      row.processed_epoch < row.seen_epoch ||
      (row.processed_epoch === row.seen_epoch && row.processed_version < row.seen_version);
    const isUnfinished = isBehind || row.asks_again || row.answered_hints < row.hints;
    must(
      11,
      !isUnfinished || changes.knows(order_id) || changes.lost(order_id),
      () => `the change of ${order_id} is not processed and has no job`,
    );
  }
  for (const { operation_id, status } of tables.cashback_operations.values()) {
    must(
      11,
      !isOpen(status) || advances.knows(operation_id) || advances.lost(operation_id),
      () => `${operation_id} has not ended and has no job`,
    );
  }
}

/** 5 */
function checkOpenOperations({ operations, outcomes, cashback_operations }: Tables): void {
  const ours = [...operations.values()].filter(({ operation_id }) => !outcomes.has(operation_id));
  const theirs = [...cashback_operations.values()].filter(({ status }) => isOpen(status));
  for (const ids of [ours.map(({ order_id }) => order_id), theirs.map(({ invoice_id }) => invoice_id)]) {
    must(5, new Set(ids).size === ids.length, () => `an order of ${ids.join(', ')} has two open operations`);
  }
}

/** Neither `success` nor `failed`. */
export function isOpen(status: OperationRow['status']): boolean {
  return status === 'init' || status === 'in-progress';
}

/** 6: the payee of an invoice does not change while an operation is in flight. */
function checkPayees({ cashback_operations, invoices }: Tables): void {
  for (const { operation_id, invoice_id, wallet_id, status } of cashback_operations.values()) {
    const isPayee = !isOpen(status) || invoices.get(invoice_id)?.wallet_id === wallet_id;
    must(6, isPayee, () => `${operation_id} is in flight for ${wallet_id}, which is not the invoice's`);
  }
}

/** Where a wallet may not go below zero, no more is taken than there is. */
function checkWallets({ wallet_policies, trust_ends, tables }: World): void {
  // A restore loses spends, and refunds take what they took before.
  if (Object.keys(wallet_policies).length === 0 || trust_ends.size > 0) return;
  for (const [wallet_id, { balance }] of tables.trust_wallets) {
    must(
      null,
      balance >= 0n,
      () => `${wallet_id} is at ${formatSigned(balance)}: more was taken than there was`,
    );
  }
}

/** 6 and 7, of an operation at transactions that is not another writer's */
function checkIntent(operation: OperationRow, { operations }: Archive): void {
  const { operation_id, invoice_id } = operation;
  if (operation_id.startsWith(FOREIGN)) return;
  const intent = operations.get(operation_id);
  must(7, intent !== undefined, () => `${operation_id} was accepted and is no intent of the worker`);
  if (intent === undefined) return;
  const isSame =
    intent.order_id === invoice_id &&
    intent.wallet_id === operation.wallet_id &&
    equalAmounts(parseOnce(intent.reward), parseOnce(operation.reward));
  must(6, isSame, () => `${operation_id} is another operation at transactions`);
}

/** 6: a need has one operation, also when the rows of the first one were lost. */
function checkNeeds({ operations, outcomes }: Archive): void {
  const needs = new Map<string, string>();
  for (const { order_id, operation_id, cashback_epoch, version, wallet_id, reward } of operations.values()) {
    if (outcomes.has(operation_id)) continue;
    const need = `${order_id} ${cashback_epoch} ${version} ${wallet_id} ${JSON.stringify(reward)}`;
    const other = needs.get(need);
    must(6, other === undefined, () => `${operation_id} and ${other} are for the same need`);
    needs.set(need, operation_id);
  }
}

/** 7, of a basket and a refund at Trust */
function checkSteps(world: World): void {
  const { archive, tables, other_content } = world;
  const { steps } = archive;
  const { trust_baskets, trust_refunds } = tables;
  for (const { basket_id, amount } of trust_baskets.values()) {
    const step = steps.get(basket_id);
    const isStep =
      step?.kind === 'topup' && parseAmount(step.amount) === (other_content.get(basket_id) ?? amount);
    must(7, isStep, () => `basket ${basket_id} is no step of an operation`);
  }
  for (const { refund_id, basket_id, amount } of trust_refunds.values()) {
    const step = steps.get(refund_id);
    const isStep =
      step?.kind === 'refund' &&
      step.basket_id === basket_id &&
      parseAmount(step.amount) === (other_content.get(refund_id) ?? amount);
    must(7, isStep, () => `refund ${refund_id} is no step of an operation`);
  }
}

/** 6: a step has one content. While Trust has another, it does not end: its operation would be made again. */
function checkContent({ other_content, tables }: World): void {
  for (const { step_id, status } of tables.operation_steps.values()) {
    const asked = other_content.get(step_id);
    const isOpen = status === 'sent' || status === 'pending';
    must(
      6,
      asked === undefined || isOpen,
      () => `${step_id} is ${status}, and Trust has something else of it`,
    );
  }
}

/** The server has one payee of the order, and its invoice another. */
function isOfPayee(attention: string): boolean {
  return /\bIMMUTABLE_FIELD\b/.test(attention);
}

/** 8, by what Trust carried out */
function checkRewarded({ archive, tables, lacks_money, payees, wallet_policies }: World): void {
  // Money that was taken back, and is not yet taken back again.
  if (lacks_money) return;
  const mayOwe = Object.keys(wallet_policies).length > 0;
  for (const { order_id } of tables.orders.values()) {
    const atTrust = rewardedAtTrust(tables, order_id);
    // What an earlier payee owes may be as much again, and it may become the payee again.
    const isBounded = !(mayOwe && payees.has(order_id));
    for (const source of SOURCES) {
      const values = archive.events.filter((event) => event.order_id === order_id && event.source === source);
      const largest = values.reduce((most, { value }) => (value > most ? value : most), 0n);
      const rewarded = amountOf(atTrust, source);
      must(
        8,
        rewarded >= 0n && (rewarded <= largest || !isBounded),
        () =>
          `${order_id}: ${source} is rewarded ${formatSigned(rewarded)}, its largest target was ${formatAmount(largest)}`,
      );
    }
  }
}

function formatSigned(amount: bigint): string {
  return amount < 0n ? `-${formatAmount(-amount)}` : formatAmount(amount);
}
