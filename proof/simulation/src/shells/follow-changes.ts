import type { CashbackVersion, ForeignChange } from '@cashback/cashback-db';
import { type CallResult, HttpCallError } from '@cashback/service';
import type { CashbackChangesOutput } from '@cashback/wire';
import type { UnobservedChanges } from '@cashback/worker/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';
import { callOverHttp } from './call-over-http.ts';
import { followFeed } from './follow-feed.ts';
import { cashbackChanges } from './transactions/read-feeds.ts';

/** The worker's reader of the feed of changed cashback. */
export function* followChanges(world: World): Flow<void> {
  const { tables, decisions, engine } = world;
  const unobserved = unobservedOf(world);
  const { FIRST_PLACE, decideFollowStep } = decisions.worker;
  yield* atomically('check the changes that were not observed', () => {
    const still = findForeign(world, unobserved.take()).filter(({ is_observed }) => !is_observed);
    makeDue(world, still);
    unobserved.keep(still);
  });
  yield* followFeed(world, {
    table: tables.cashback_feed,
    first: FIRST_PLACE,
    // Smaller than the number of changes, so that pages follow each other.
    page_size: 3,
    ask: (page) => askForChanges(world, page),
    decide: decideFollowStep,
    *take(changes, move) {
      yield* atomically('take a page of the feed', () => {
        const foreign = findForeign(world, changes);
        makeDue(world, foreign);
        unobserved.add(foreign);
        move();
      });
    },
    startOver(reason) {
      engine.note(`worker reads the feed again: ${reason}`);
      // Every order is observed: all have changed within the time that a restore is given.
      makeDue(world, [...tables.orders.values()]);
    },
  });
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

function* askForChanges(
  world: World,
  page: { after: string | null; limit: number },
): Flow<CallResult<CashbackChangesOutput>> {
  if (!world.offers_cashback_feed) return { error: NO_SUCH_ROUTE };
  return yield* callOverHttp(world, 'transactions', 'changed cashback', () => cashbackChanges(world, page));
}

const NO_SUCH_ROUTE = new HttpCallError('no such route', {
  upstream: 'transactions',
  method: 'POST',
  url: 'changed cashback',
  outcome: 'refused',
  code: 'NOT_FOUND',
  http_status: 404,
});

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
