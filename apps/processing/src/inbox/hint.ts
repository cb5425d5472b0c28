import type { DriftFinder } from '@cashback/core';
import type { InvoiceChange } from '@cashback/wire';
import { type EpochVersion, compareVersions } from '@cashback/core';

/**
 * A message that an order's invoice may have changed. It ends nothing and proves nothing: the order is processed, and
 * only the invoice that is retrieved then counts.
 */
export interface Hint {
  order_id: string;
  /** Null: the message does not say it. */
  service: string | null;
  /** The version in the feed, so that the order is not done before it is there. Null: the message may be wrong about it. */
  version: EpochVersion | null;
  /** Process the order whatever is known of it. */
  is_unconditional: boolean;
  /** Where the message came from. */
  brought_by: DriftFinder;
}

/** A callback may be late, early or wrong, so its version counts for nothing. */
export function callbackHint({ invoice_id, service }: InvoiceChange): Hint {
  return { order_id: invoice_id, service, version: null, is_unconditional: true, brought_by: 'callback' };
}

/** A change that the feed lists. `again`: the feed is read once more, as its versions may have other content now. */
export function feedHint(
  { invoice_id, service, version }: InvoiceChange,
  invoice_epoch: number,
  again: boolean,
): Hint {
  return {
    order_id: invoice_id,
    service,
    version: { epoch: invoice_epoch, version },
    is_unconditional: again,
    brought_by: 'feed',
  };
}

/** A request to compare an order again. */
export function reconcileHint(orderId: string): Hint {
  return { order_id: orderId, service: null, version: null, is_unconditional: true, brought_by: 'reconcile' };
}

/** One hint an order, which says what all of them say. */
export function mergeHints(hints: readonly Hint[]): Hint[] {
  const merged = new Map<string, Hint>();
  for (const hint of hints) {
    const known = merged.get(hint.order_id);
    merged.set(hint.order_id, known === undefined ? hint : mergeTwo(known, hint));
  }
  return [...merged.values()];
}

function mergeTwo(left: Hint, right: Hint): Hint {
  const newest = left.version !== null && isOlder(right.version, left.version) ? left.version : right.version;
  return {
    order_id: left.order_id,
    service: right.service ?? left.service,
    version: newest,
    is_unconditional: left.is_unconditional || right.is_unconditional,
    brought_by: right.brought_by,
  };
}

function isOlder(left: EpochVersion | null, right: EpochVersion): boolean {
  return left === null || compareVersions(left, right) < 0;
}
