import { type HttpServer, route } from '@cashback/service';
import { listFeedLags } from '../db/queries/feed-cursor.ts';
import type { Inbox } from './receive-changes.ts';

/** `GET /feeds`: how far behind the readers of feeds are, and whether they read a feed again from its beginning. */
export function addFeedRoutes(server: HttpServer, { database }: Inbox): void {
  route(server, {
    method: 'GET',
    path: '/feeds',
    scope: 'attention',
    handler: async () => ({ feeds: await listFeedLags(database) }),
  });
}
