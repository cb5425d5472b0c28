import type { CashbackVersion, ForeignChange } from '@cashback/cashback-db';
import type { FeedPlace } from '@cashback/core';
import { type CallResult, HttpCallError } from '@cashback/service';
import type { CashbackChangesOutput } from '@cashback/wire';
import type { UnobservedChanges } from '@cashback/worker/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';
import { callOverHttp } from './call-over-http.ts';
import { type Places, movePlace, readPlace, readingOf } from './feed-place.ts';
import { cashbackChanges } from './transactions/read-feeds.ts';

/** Smaller than the number of changes, so that pages follow each other. */
const PAGE_SIZE = 3;

/** The worker's reader of the feed of changed cashback: a turn of its loop. */
export function* followChanges(world: World): Flow<void> {
  const { tables, decisions } = world;
  const unobserved = unobservedOf(world);
  const { FIRST_PLACE, decideFollowStep } = decisions.worker;
  const { feedAnswerOf, isFeedError } = decisions.feeds;
  const places = { table: tables.cashback_feed, first: FIRST_PLACE };
  yield* atomically('check the changes that were not observed', () => {
    const still = findForeign(world, unobserved.take()).filter(({ is_observed }) => !is_observed);
    makeDue(world, still);
    unobserved.keep(still);
  });
  for (;;) {
    const from = yield* atomically('read the place in the feed', () => readPlace(places));
    const result = yield* readPage(world, from.cursor);
    if ('error' in result && !isFeedError(result.error)) return;
    const decided = decideFollowStep(from, feedAnswerOf(result), readingOf(world, PAGE_SIZE));
    if (decided.step === 'wait') return;
    if (decided.step === 'start_over') {
      return yield* startOver(world, places, from, decided);
    }
    if (decided.step === 'behind') {
      yield* atomically('stay behind', () => movePlace(world, places, from, decided.to));
      return;
    }
    yield* atomically('take a page of the feed', () => {
      const foreign = findForeign(world, decided.changes);
      makeDue(world, foreign);
      unobserved.add(foreign);
      movePlace(world, places, from, decided.to);
    });
    if (!decided.more) return;
  }
}

/** A worker that was started again has forgotten them. */
function unobservedOf(world: World): UnobservedChanges {
  const { engine, decisions } = world;
  const life = engine.life('worker');
  if (world.unobserved.life !== life) {
    world.unobserved = { life, changes: decisions.worker.createUnobservedChanges(() => engine.now()) };
  }
  return world.unobserved.changes;
}

function* readPage(world: World, after: string | null): Flow<CallResult<CashbackChangesOutput>> {
  if (!world.offers_cashback_feed) return { error: NO_SUCH_ROUTE };
  return yield* callOverHttp(world, 'transactions', 'changed cashback', () =>
    cashbackChanges(world, { after, limit: PAGE_SIZE }),
  );
}

const NO_SUCH_ROUTE = new HttpCallError('no such route', {
  upstream: 'transactions',
  method: 'POST',
  url: 'changed cashback',
  outcome: 'refused',
  code: 'NOT_FOUND',
  http_status: 404,
});

/** Every order is observed: all have changed within the time that a restore is given. */
function* startOver(
  world: World,
  places: Places,
  from: FeedPlace,
  { to, reason }: { to: FeedPlace; reason: string },
): Flow<void> {
  yield* atomically('start the feed over', () => {
    if (!movePlace(world, places, from, to)) return;
    world.engine.note(`worker reads the feed again: ${reason}`);
    makeDue(world, [...world.tables.orders.values()]);
  });
}

function findForeign({ tables, decisions }: World, changes: readonly CashbackVersion[]): ForeignChange[] {
  return decisions.worker.foreignChangesOf(changes, (orderId) => {
    const row = tables.orders.get(orderId);
    if (row === undefined) return null;
    const isOurs = (operationId: string): boolean => tables.operations.get(operationId)?.order_id === orderId;
    return { ...row, isOurs };
  });
}

function makeDue(world: World, orders: readonly { order_id: string }[]): void {
  const { engine, tables, decisions } = world;
  for (const { order_id } of orders) {
    const row = tables.orders.get(order_id);
    if (row === undefined) continue;
    engine.note(`worker: ${order_id} is due, as no operation of ours changed it`);
    applyTimes(world, row, decisions.worker.dueTimes(row, 'feed', engine.now()));
  }
}
