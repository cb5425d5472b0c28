import type { Flow } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { changePayee } from './change-payee.ts';
import { POLICIES, spendWallet } from './spend-wallets.ts';
import { writeForeign } from './foreign-writer.ts';
import type { Incident } from './incident.ts';
import { keepWriting } from './lasting-writer.ts';
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
      return begin(world, incident, breakDown(world));
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
      return begin(world, incident, runOlderRelease(world, 'source'));
    case 'older_release':
      return begin(world, incident, runOlderRelease(world, 'columns'));
    case 'foreign_writer':
      for (const orderId of orderIds) {
        begin(world, `the other writer of ${orderId}`, writeForeign(world, orderId));
      }
      return;
    case 'lasting_writer':
      world.keeps_writing = true;
      for (const orderId of orderIds) {
        begin(world, `the lasting writer of ${orderId}`, keepWriting(world, orderId));
      }
      return;
    case 'other_content':
      world.keeps_other_content = true;
      return;
    case 'spent_wallets': {
      world.wallet_policies = { '*': POLICIES[engine.choices.below(POLICIES.length)] ?? 'fail' };
      for (const walletId of new Set(world.stories.map(({ wallet_id }) => wallet_id))) {
        begin(world, `the customer of ${walletId}`, spendWallet(world, walletId));
      }
      return;
    }
    case 'new_payee':
      for (const orderId of orderIds) {
        begin(world, `the person that changes the payee of ${orderId}`, changePayee(world, orderId));
      }
      return;
    case 'unlisted_trust':
      world.compared = 1;
      return begin(world, incident, rewind(world, 'transactions'));
    case 'rewind_trust':
    case 'rewind_wallet':
      world.follows_balances = true;
      return begin(world, incident, rewind(world, incident === 'rewind_trust' ? 'trust' : 'wallet'));
    default:
      return begin(world, incident, rewind(world, incident.slice('rewind_'.length) as Owner));
  }
}

function begin(world: World, what: string, flow: Flow<void>): void {
  world.incidents += 1;
  world.engine.spawn('client', what, flow, () => {
    world.incidents -= 1;
  });
}
