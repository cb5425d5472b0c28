import type { ChangePosition, FeedHorizon } from '@cashback/postgres';
import type { PlacedChange } from '../../feeds/feed-page.ts';

/** The rule of `listInvoiceChanges` and `listCashbackChanges`, as those in `operations.ts`. */
export function changesAfter<Change>(
  changes: readonly PlacedChange<Change>[],
  after: ChangePosition,
  { limit, horizon }: { limit: number; horizon: Pick<FeedHorizon, 'epoch' | 'xact_id'> },
): PlacedChange<Change>[] {
  return changes
    .filter(({ place }) => comparePlaces(place, after) > 0 && isCommitted(place, horizon))
    .toSorted((left, right) => comparePlaces(left.place, right.place))
    .slice(0, limit);
}

/** Older epochs come from another cluster: none of their transactions is running. */
function isCommitted(
  { epoch, xact_id }: ChangePosition,
  horizon: Pick<FeedHorizon, 'epoch' | 'xact_id'>,
): boolean {
  return epoch < horizon.epoch || BigInt(xact_id) < BigInt(horizon.xact_id);
}

function comparePlaces(left: ChangePosition, right: ChangePosition): number {
  return (
    left.epoch - right.epoch ||
    compareNumbers(left.xact_id, right.xact_id) ||
    compareNumbers(left.change_id, right.change_id)
  );
}

/** Numbers of the database stay texts, as they may be larger than a number here. */
function compareNumbers(left: string, right: string): number {
  const [one, other] = [BigInt(left), BigInt(right)];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
