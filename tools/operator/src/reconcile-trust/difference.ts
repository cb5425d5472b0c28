import { parseAmount } from '@cashback/contract';

/** The two sides of one id. Null: that side does not know it. */
export interface Pair {
  kind: 'basket' | 'refund';
  id: string;
  exported: {
    line: number;
    /** How often the export has the id. Everything else is of its first line. */
    count: number;
    amount: string;
    status: 'pending' | 'success' | 'failed';
    basket_id: string | null;
    wallet_id: string | null;
    source: string | null;
  } | null;
  ours: {
    order_id: string;
    /** What the step moved: of a refund, what it found in the wallet. */
    amount: string;
    /** Of the step; a basket that was adopted has no step, and is `applied`. */
    status: 'planned' | 'sent' | 'pending' | 'applied' | 'refused' | 'skipped';
    basket_id: string;
    wallet_id: string;
    source: string;
    /** It changed outside of the time that the export covers. */
    outside: boolean;
  } | null;
}

/**
 * - `unknown_here`: Trust moved money that no step of ours asked for;
 * - `missing_in_export`: we know it as applied, and the export has it neither as success nor as pending;
 * - `not_sent_here`: Trust has it, and our step says that it never left, or that it was refused;
 * - the others: both know it, and say different things.
 */
export type DifferenceKind =
  | 'unknown_here'
  | 'missing_in_export'
  | 'not_sent_here'
  | 'amount_differs'
  | 'wallet_differs'
  | 'source_differs'
  | 'basket_differs'
  | 'repeated_in_export';

export interface Difference {
  class: 'trust_differs';
  difference: DifferenceKind;
  kind: Pair['kind'];
  id: string;
  order_id: string | null;
  line: number | null;
  /** The value that differs, or the status where the existence does. */
  exported: string | null;
  ours: string | null;
}

/**
 * What differs between the two sides of one id, the existence first; null when they agree.
 *
 *                      success in export     pending in export     failed in export    not in export
 *     applied          compare the fields    agree                 missing_in_export   missing_in_export
 *     sent, pending    compare the fields    agree                 agree               agree
 *     planned          not_sent_here         not_sent_here         agree               agree
 *     refused, skipped not_sent_here         not_sent_here         agree               agree
 *     no step          unknown_here          agree                 agree               -
 *
 * A step that is on its way has no end yet, so both existing and missing are right. A step that changed outside of the
 * time that the export covers may be missing in it, and so may a refund that found nothing in its wallet.
 */
export function differenceOf({ kind, id, exported, ours }: Pair): Difference | null {
  const found = (
    difference: DifferenceKind,
    exportedValue: string | null,
    ourValue: string | null,
  ): Difference => ({
    class: 'trust_differs',
    difference,
    kind,
    id,
    order_id: ours?.order_id ?? null,
    line: exported?.line ?? null,
    exported: exportedValue,
    ours: ourValue,
  });

  if (exported !== null && exported.count > 1)
    return found('repeated_in_export', String(exported.count), '1');
  if (exported === null || exported.status === 'failed') {
    if (ours?.status !== 'applied' || ours.outside || parseAmount(ours.amount) === 0n) return null;
    return found('missing_in_export', exported?.status ?? null, ours.status);
  }
  if (ours === null)
    return exported.status === 'pending' ? null : found('unknown_here', exported.amount, null);
  if (ours.status === 'planned' || ours.status === 'refused' || ours.status === 'skipped') {
    return found('not_sent_here', exported.status, ours.status);
  }
  if (exported.amount !== ours.amount) return found('amount_differs', exported.amount, ours.amount);
  for (const field of ['wallet', 'source', 'basket'] as const) {
    const column = field === 'source' ? field : (`${field}_id` as const);
    // A basket is its own basket_id; the export may leave it out, and every other field as well.
    if (exported[column] === null || exported[column] === ours[column]) continue;
    return found(`${field}_differs`, exported[column], ours[column]);
  }
  return null;
}
