import { z } from 'zod';
import { setting } from '@cashback/service';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_trust',
    'postgres://trust:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on; 127.0.0.1 when absent', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4105'),
  bearer_tokens: setting.tokens(
    'Bearer tokens to accept, with the scopes baskets, wallets, spend, settings',
    '[{"caller":"transactions","token":"<random text>","scopes":["baskets"]}]',
  ),
  billing_callback_url: setting.url(
    'The receiver of billing callbacks, which report each change of a balance',
    'http://127.0.0.1:4104/callbacks/billing',
  ),
  balance_callback_url: setting
    .url(
      'One more receiver of each of these callbacks, with deliveries of its own',
      'http://127.0.0.1:4101/callbacks/balance',
    )
    .optional(),
  billing_callback_secret: setting.signingSecret('Signs those callbacks; each receiver has the same secret'),
  settle_interval_ms: setting.integer({
    description: 'Interval for settling baskets and refunds whose latency has passed, in ms',
    min: 5,
    max: 60_000,
    default: 50,
  }),
  callback_interval_ms: setting.integer({
    description: 'Interval for sending due callbacks, in ms; new ones are sent at once',
    min: 5,
    max: 60_000,
    default: 500,
  }),
  callback_concurrency: setting.integer({
    description: 'Callbacks in flight at once',
    min: 1,
    max: 256,
    default: 16,
  }),
  callback_timeout_ms: setting.integer({
    description: 'Timeout of a callback, in ms',
    min: 100,
    max: 30_000,
    default: 5_000,
  }),
  callback_retry_max_ms: setting.integer({
    description: 'Longest backoff between two attempts of a callback, in ms',
    min: 10,
    max: 3_600_000,
    default: 60_000,
  }),
  callback_hold_back_ms: setting.integer({
    description: 'Longest time a callback is held back so that later ones overtake it, in ms',
    min: 1,
    max: 60_000,
    default: 1_000,
  }),
  max_connections: setting.integer({
    description: 'Connections to the database',
    min: 2,
    max: 200,
    default: 10,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
