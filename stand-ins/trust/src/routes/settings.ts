import { trustSettings } from '@cashback/wire';
import { type HttpServer, route } from '@cashback/service';
import type { Context } from '../context.ts';
import { changeSettings, loadSettings } from '../db/settings.ts';

/** `GET /settings`, and `POST /settings` with the ones to change: how the stand-in misbehaves from now on. */
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
}
