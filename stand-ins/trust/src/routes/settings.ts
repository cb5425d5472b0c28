import { type TrustEpoch, trustSettings } from '@cashback/wire';
import { type HttpServer, route } from '@cashback/service';
import type { Context } from '../context.ts';
import { startEpoch } from '../db/epoch.ts';
import { changeSettings, loadSettings } from '../db/settings.ts';

/**
 * `GET /settings`, and `POST /settings` with the ones to change: how the stand-in misbehaves from now on.
 * `POST /epoch` after its tables were restored.
 */
export function addSettings(server: HttpServer, { database }: Context): void {
  route(server, {
    method: 'GET',
    path: '/settings',
    scope: 'settings',
    handler: () => loadSettings(database.drizzle),
  });
  route(server, {
    method: 'POST',
    path: '/settings',
    scope: 'settings',
    body: trustSettings.partial(),
    handler: ({ body }) => changeSettings(database.drizzle, body),
  });
  route(server, {
    method: 'POST',
    path: '/epoch',
    scope: 'settings',
    handler: async (): Promise<TrustEpoch> => ({ epoch: await startEpoch(database.drizzle) }),
  });
}
