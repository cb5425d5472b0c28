import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { callOverHttp } from '../call-over-http.ts';
import { followFeed } from '../follow-feed.ts';
import { invoiceChanges } from '../transactions/read-feeds.ts';
import { noteHints } from './process-change.ts';

/** Processing's reader of the feed of changed invoices. */
export function* catchUp(world: World): Flow<void> {
  const { tables, engine } = world;
  const { FIRST_PLACE, decideCatchUp } = world.decisions.processing;
  yield* followFeed(world, {
    table: tables.invoice_feed,
    first: FIRST_PLACE,
    // Smaller than the number of orders, so that pages follow each other.
    page_size: 1,
    ask: (page) => callOverHttp(world, 'transactions', 'changed invoices', () => invoiceChanges(world, page)),
    decide: decideCatchUp,
    *take(hints, move) {
      yield* atomically('note a page of the feed', () => {
        noteHints(world, hints);
        move();
      });
    },
    startOver: (reason) => engine.note(`processing reads the feed again: ${reason}`),
  });
}
