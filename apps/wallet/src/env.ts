import { z } from 'zod';
import { setting } from '@cashback/service';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_wallet',
    'postgres://wallet:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on; 127.0.0.1 when absent', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4104'),
  bearer_tokens: setting.tokens(
    'Bearer tokens that are accepted here, with the scope wallets',
    '[{"caller":"app","token":"<random text>","scopes":["wallets"]}]',
  ),
  billing_callback_secret: setting.signingSecret("Billing's callbacks are signed with it"),
  trust_url: setting
    .url(
      'The payment system, which is asked for balances; without it a lost callback shows only at the next movement',
      'http://127.0.0.1:4105',
    )
    .optional(),
  trust_token: setting.secret('Bearer token for it, with the scope wallets').optional(),
  check_interval_ms: setting.integer({
    description: 'Pause between two checks of a wallet against the payment system, in ms',
    min: 100,
    max: 2_592_000_000,
    default: 3_600_000,
  }),
  checks_per_second: setting.integer({
    description: 'Most such checks in a second; with more wallets than fit into the pause it becomes longer',
    min: 1,
    max: 1_000,
    default: 20,
  }),
  check_concurrency: setting.integer({
    description: 'How many checks run at once',
    min: 1,
    max: 64,
    default: 4,
  }),
  check_timeout_ms: setting.integer({
    description: 'How long a check may take, in ms',
    min: 50,
    max: 20_000,
    default: 5_000,
  }),
  check_retry_max_ms: setting.integer({
    description:
      'Longest pause, in ms, before a check is repeated that brought no answer or one that contradicts the cache',
    min: 1_000,
    max: 3_600_000,
    default: 600_000,
  }),
  feed_interval_ms: setting.integer({
    description:
      'Pause between two reads of the feed of changed balances, in ms: it makes up for lost callbacks, also of unknown wallets',
    min: 10,
    max: 3_600_000,
    default: 5_000,
  }),
  feed_page_size: setting.integer({
    description: 'How many changed balances are read at once',
    min: 1,
    max: 1_000,
    default: 500,
  }),
  feed_lag_bound_ms: setting.integer({
    description:
      'For how long answers of that feed that are older than earlier ones count as those of a replica that lags, in ms; ' +
      'after that the feed is read again from its beginning',
    min: 0,
    max: 3_600_000,
    default: 30_000,
  }),
  feed_absent_ms: setting.integer({
    description: 'How long a payment system without that feed is left alone before it is asked again, in ms',
    min: 100,
    max: 86_400_000,
    default: 3_600_000,
  }),
  max_listeners: setting.integer({
    description: 'How many streams may be open at once in this process',
    min: 1,
    max: 100_000,
    default: 1_000,
  }),
  keep_alive_ms: setting.integer({
    description: 'Pause between the comments that keep a stream open, in ms',
    min: 100,
    max: 60_000,
    default: 15_000,
  }),
  push_batch_size: setting.integer({
    description: 'How many pushes are taken from the queue at once',
    min: 1,
    max: 1_000,
    default: 200,
  }),
  push_concurrency: setting.integer({
    description: 'How many such batches run at once',
    min: 1,
    max: 16,
    default: 2,
  }),
  push_overdue_ms: setting.integer({
    description: 'A push that is not delivered after this long is put into the queue again, in ms',
    min: 10,
    max: 3_600_000,
    default: 10_000,
  }),
  sweep_interval_ms: setting.integer({
    description: 'Pause between two searches for such pushes and for old callbacks, in ms',
    min: 10,
    max: 3_600_000,
    default: 5_000,
  }),
  inbox_retention_days: setting.integer({
    description: 'How long received callbacks are kept, in days',
    min: 1,
    max: 3_650,
    default: 30,
  }),
  max_connections: setting.integer({
    description: 'Connections to the database, beside those for the queue',
    min: 2,
    max: 200,
    default: 10,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
