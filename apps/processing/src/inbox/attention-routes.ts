import { idField } from '@cashback/contract';
import { type HttpServer, route } from '@cashback/service';
import * as z from 'zod';
import { listAttention } from '../db/queries/changes/list-attention.ts';
import { type Inbox, resumeOrders } from './receive-changes.ts';

const MAX_PAGE = 1_000;

const listInput = z.strictObject({
  after: idField.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});
const resumeInput = z.strictObject({ order_ids: z.array(idField).min(1).max(MAX_PAGE) });

/**
 * `GET /attention`: the orders that need attention, a page at a time, with the reason. `POST /attention/resume`
 * processes the named orders again, and answers with those that needed attention.
 */
export function addAttentionRoutes(server: HttpServer, inbox: Inbox): void {
  route(server, {
    method: 'GET',
    path: '/attention',
    scope: 'attention',
    query: listInput,
    handler: async ({ query: { after = '', limit } }) => ({
      orders: await listAttention(inbox.database, { after, limit }),
    }),
  });
  route(server, {
    method: 'POST',
    path: '/attention/resume',
    scope: 'attention',
    body: resumeInput,
    handler: async ({ body }) => ({ order_ids: await resumeOrders(inbox, body.order_ids) }),
  });
}
