import { setting } from '@cashback/service';
import { z } from 'zod';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_worker',
    'postgres://worker:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4020'),
  transactions_url: setting.url('The service that owns invoices and their cashback', 'http://127.0.0.1:4030'),
  transactions_token: setting.secret(
    'Bearer token for it, with the scopes invoices.read and cashback.update',
  ),
  operation_callback_secret: setting.signingSecret(
    'It signs its callbacks to /callbacks/operation with this',
  ),
  transactions_timeout_ms: setting.integer({
    description: 'How long one call to transactions may take, in ms',
    min: 50,
    max: 60_000,
    default: 5_000,
  }),
  transactions_concurrency: setting.integer({
    description: 'How many calls to transactions run at once',
    min: 1,
    max: 1_000,
    default: 64,
  }),
  batch_size: setting.integer({
    description: 'Most orders that are taken from the queue, and written, at a time',
    min: 1,
    max: 500,
    default: 100,
  }),
  batch_concurrency: setting.integer({
    description: 'How many batches are worked on at once',
    min: 1,
    max: 32,
    default: 4,
  }),
  queue_poll_ms: setting.integer({
    description:
      'How often the queue is asked for jobs that are due; new ones wake the worker at once, in ms',
    min: 500,
    max: 60_000,
    default: 1_000,
  }),
  poll_base_ms: setting.integer({
    description: 'Shortest wait until an order that is not settled is looked at again, in ms',
    min: 10,
    max: 60_000,
    default: 1_000,
  }),
  poll_max_ms: setting.integer({
    description: 'Longest such wait, in ms; between the two it is as long as the order is unsettled',
    min: 10,
    max: 3_600_000,
    default: 30_000,
  }),
  failure_base_ms: setting.integer({
    description:
      'Wait after the first failed operation of a target, in ms; it doubles with every further one',
    min: 10,
    max: 3_600_000,
    default: 5_000,
  }),
  failure_max_ms: setting.integer({
    description: 'Longest such wait, in ms',
    min: 10,
    max: 86_400_000,
    default: 600_000,
  }),
  max_failures: setting.integer({
    description: 'With so many failed operations of one target an order needs attention',
    min: 1,
    max: 1_000,
    default: 10,
  }),
  attention_after_ms: setting.integer({
    description:
      'An order whose operation is in flight, or whose operations fail, for longer needs attention, in ms',
    min: 1_000,
    max: 2_592_000_000,
    default: 86_400_000,
  }),
  sweep_interval_ms: setting.integer({
    description: 'Pause between two searches for orders that the queue forgot, in ms',
    min: 20,
    max: 600_000,
    default: 10_000,
  }),
  sweep_grace_ms: setting.integer({
    description: 'How long an order may be overdue before the queue counts as having forgotten it, in ms',
    min: 20,
    max: 86_400_000,
    default: 60_000,
  }),
  sweep_page_size: setting.integer({
    description: 'Most orders that such a search enqueues again at a time',
    min: 1,
    max: 1_000,
    default: 500,
  }),
  max_connections: setting.integer({
    description: 'Connections to the database for orders; the queue has some of its own',
    min: 2,
    max: 200,
    default: 10,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
