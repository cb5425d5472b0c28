import { idField, timestampField } from '@cashback/contract';
import { withTransaction } from '@cashback/postgres';
import { type HttpServer, ServiceError, route } from '@cashback/service';
import * as z from 'zod';
import { countWaiting } from '../db/queries/audits/count-waiting.ts';
import { listTouched } from '../db/queries/changes/list-touched.ts';
import { listDrifts } from '../db/queries/drifts.ts';
import { reconcileHint } from './hint.ts';
import { type Inbox, enqueueJobs, noteChanges, receiveChanges } from './receive-changes.ts';

const MAX_PAGE = 1_000;
/** Of a page of touched orders at most this many attempts are due before the next page is taken. */
const MAX_WAITING = 200;
const EITHER = 'either order_ids or changed_since';

const reconcileInput = z
  .strictObject({
    order_ids: z.array(idField).min(1).max(MAX_PAGE).optional(),
    changed_since: timestampField.optional(),
    after: idField.optional(),
    limit: z.int().min(1).max(MAX_PAGE).default(MAX_PAGE),
  })
  .refine(({ order_ids, changed_since }) => (order_ids === undefined) !== (changed_since === undefined), {
    path: ['order_ids'],
    error: EITHER,
  })
  .refine(({ order_ids, after }) => order_ids === undefined || after === undefined, {
    path: ['after'],
    error: 'no after with order_ids: it belongs to changed_since',
  });

const driftsInput = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,18}$/, 'a drift_id of an earlier page')
    .default('0'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});

/**
 * `POST /reconcile`: has orders calculated and registered again, whatever is known of them. With `order_ids` those; with
 * `changed_since` each order whose row changed since then, a page at a time: repeat with `after` until it is null. While many
 * orders are due already a page is refused with `OVERLOADED`, so that live orders do not wait behind all of them.
 * `GET /drifts`: the differences that were found, oldest first.
 */
export function addReconcileRoutes(server: HttpServer, inbox: Inbox): void {
  route(server, {
    method: 'POST',
    path: '/reconcile',
    scope: 'reconcile',
    body: reconcileInput,
    handler: async ({ body: { order_ids, changed_since, after = '', limit } }) => {
      if (changed_since !== undefined) {
        return reconcileTouched(inbox, { after, since: new Date(changed_since), limit });
      }
      const orderIds = [...new Set(order_ids)];
      await receiveChanges(inbox, orderIds.map(reconcileHint));
      return { enqueued: orderIds.length, after: null };
    },
  });
  route(server, {
    method: 'GET',
    path: '/drifts',
    scope: 'reconcile',
    query: driftsInput,
    handler: async ({ query }) => ({ drifts: await listDrifts(inbox.database, query) }),
  });
}

function reconcileTouched(
  { database, jobs }: Inbox,
  page: { after: string; since: Date; limit: number },
): Promise<{ enqueued: number; after: string | null }> {
  return withTransaction(database, async (transaction) => {
    const waiting = await countWaiting(transaction);
    if (waiting >= MAX_WAITING) throw overloaded(waiting);
    const { order_ids, last } = await listTouched(transaction, page);
    await enqueueJobs(jobs, await noteChanges(transaction, order_ids.map(reconcileHint)), transaction);
    return { enqueued: order_ids.length, after: last };
  });
}

function overloaded(waiting: number): ServiceError {
  return new ServiceError(
    `expected fewer than ${MAX_WAITING} orders to be due before the next page, found ${waiting}: repeat it later`,
    { code: 'OVERLOADED', http_status: 503, retryable: true },
  );
}
