import type { Hint } from '@cashback/processing/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { movePlace, readPlace, readingOf } from '../feed-place.ts';
import { invoiceChanges } from '../transactions/read-feeds.ts';
import { loadChange, writeChange } from './write-changes.ts';

/** Smaller than the number of orders, so that pages follow each other. */
const PAGE_SIZE = 1;

/** Processing's reader of the feed of changed invoices: a turn of its loop. */
export function* catchUp(world: World): Flow<void> {
  const { tables, decisions } = world;
  const { FIRST_PLACE, decideCatchUp } = decisions.processing;
  const { feedAnswerOf, isFeedError } = decisions.feeds;
  const places = { table: tables.invoice_feed, first: FIRST_PLACE };
  for (;;) {
    const from = yield* atomically('read the place in the feed', () => readPlace(places));
    const result = yield* callOverHttp(world, 'transactions', 'changed invoices', () =>
      invoiceChanges(world, { after: from.cursor, limit: PAGE_SIZE }),
    );
    if ('error' in result && !isFeedError(result.error)) return;
    const decided = decideCatchUp(from, feedAnswerOf(result), readingOf(world, PAGE_SIZE));
    if (decided.step === 'wait') return;
    if (decided.step === 'start_over') {
      world.engine.note(`processing reads the feed again: ${decided.reason}`);
    }
    yield* atomically('note a page of the feed', () => {
      noteHints(world, decided.step === 'take' ? decided.changes : []);
      movePlace(world, places, from, decided.to);
    });
    if (decided.step !== 'take' || !decided.more) return;
  }
}

function noteHints(world: World, hints: readonly Hint[]): void {
  const { mergeHints, noteChange } = world.decisions.processing;
  for (const hint of mergeHints(hints)) {
    writeChange(world, noteChange(loadChange(world, hint.order_id), hint));
  }
}
