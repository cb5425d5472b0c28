import { CHANGES_START, type ChangePosition, type FeedHorizon, changeCursor } from '@cashback/postgres';
import { readCursor } from './read-cursor.ts';

/** A change with its place in its feed. */
export interface PlacedChange<Change> {
  change: Change;
  place: ChangePosition;
}

/** The place after which a caller's page begins. Throws `CURSOR_INVALID`. */
export function pageStart(after: string | undefined, horizon: FeedHorizon): ChangePosition {
  return after === undefined ? CHANGES_START : readCursor(after, horizon);
}

/** A page as callers see it. An empty one means that nothing has changed yet, and its cursor stays where it is. */
export function shownPage<Change>(
  page: readonly PlacedChange<Change>[],
  start: ChangePosition,
  { epoch }: Pick<FeedHorizon, 'epoch'>,
): { changes: Change[]; cursor: string; invoice_epoch: number } {
  return {
    changes: page.map(({ change }) => change),
    cursor: changeCursor.format(page.at(-1)?.place ?? start),
    invoice_epoch: epoch,
  };
}
