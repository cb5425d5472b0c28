import type { CashbackVersion, ForeignChange } from '@cashback/cashback-db';
import { type EpochVersion, compareVersions } from '@cashback/core';

/** What the statement reads of an order. */
interface KnownOrder {
  cashback_epoch: number;
  cashback_version: number;
  /** Whether the operation is one of the order's. */
  isOurs(operationId: string): boolean;
}

/**
 * The rule of the statement `findForeignChanges`. The simulation runs it, and a test holds the statement against it.
 * `orderOf` gives null for an order that does not exist here.
 */
export function foreignChangesOf(
  changes: readonly CashbackVersion[],
  orderOf: (orderId: string) => KnownOrder | null,
): ForeignChange[] {
  const newest = new Map<string, ForeignChange>();
  for (const { order_id, cashback_epoch, cashback_version, operation_id } of changes) {
    const order = orderOf(order_id);
    if (order === null || (operation_id !== null && order.isOurs(operation_id))) continue;
    const before = newest.get(order_id);
    if (before !== undefined && !isOlder(before, { cashback_epoch, cashback_version })) continue;
    const is_observed = !isOlder(order, { cashback_epoch, cashback_version });
    newest.set(order_id, { order_id, cashback_epoch, cashback_version, is_observed });
  }
  return [...newest.values()];
}

type Version = Pick<CashbackVersion, 'cashback_epoch' | 'cashback_version'>;

function isOlder(left: Version, right: Version): boolean {
  return compareVersions(versionOf(left), versionOf(right)) < 0;
}

function versionOf({ cashback_epoch: epoch, cashback_version: version }: Version): EpochVersion {
  return { epoch, version };
}
