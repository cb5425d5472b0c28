import type { World } from '../world.ts';
import { writeForeign } from './foreign-writer.ts';
import type { Incident } from './incident.ts';
import { breakDown } from './outage.ts';
import type { Owner } from './owners.ts';
import { rewind } from './rewind-owner.ts';
import { runOlderRelease } from './run-older-release.ts';

/** Of a thousand answers, those of a replica that lags. */
const STALE = 250;
const MISSING = 120;

export function startIncident(world: World, incident: Incident, orderIds: readonly string[]): void {
  const { engine } = world;
  switch (incident) {
    case 'outage':
      return engine.spawn('client', incident, breakDown(world));
    case 'second_sender':
      world.has_second_sender = true;
      return;
    case 'lagging_replica':
      engine.intensify('stale_answer', STALE);
      return engine.intensify('missing_answer', MISSING);
    case 'no_cashback_feed':
      world.offers_cashback_feed = false;
      return;
    case 'newer_release':
      return engine.spawn('client', incident, runOlderRelease(world, 'source'));
    case 'older_release':
      return engine.spawn('client', incident, runOlderRelease(world, 'columns'));
    case 'foreign_writer':
      for (const orderId of orderIds) {
        engine.spawn('client', `the other writer of ${orderId}`, writeForeign(world, orderId));
      }
      return;
    case 'rewind_wallet':
      world.follows_balances = true;
      return engine.spawn('client', incident, rewind(world, 'wallet'));
    default:
      return engine.spawn('client', incident, rewind(world, incident.slice('rewind_'.length) as Owner));
  }
}
