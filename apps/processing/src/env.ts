import { cashbackServices } from '@cashback/wire';
import { setting } from '@cashback/service';
import * as z from 'zod';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_processing',
    'postgres://processing:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4102'),
  bearer_tokens: setting
    .tokens(
      'Bearer tokens that are accepted here, with the scopes attention, reconcile; without any, those routes are closed',
      '[{"caller":"console","token":"<random text>","scopes":["attention"]}]',
    )
    .optional(),
  server_url: setting.url('The cashback server', 'http://127.0.0.1:4100'),
  server_token: setting.secret(
    'Bearer token for it, with the scopes register, order, rates.read, attention.report',
  ),
  transactions_url: setting.url('The service that keeps the invoices', 'http://127.0.0.1:4103'),
  transactions_token: setting.secret('Bearer token for it, with the scope invoices.read'),
  invoice_callback_secret: setting.signingSecret(
    'Signs the callbacks of changed invoices; the sender has the same secret',
  ),
  cashback_services: setting.jsonFile(
    cashbackServices,
    'How each service gives cashback',
    'apps/processing/cashback-services.json',
  ),
  service_url_tokens: setting
    .secret(
      'Bearer tokens for the services that have a url in CASHBACK_SERVICES, separated by commas',
      'yellow=<random text>,green=<random text>',
    )
    .optional(),
  concurrency: setting.integer({
    description: 'How many orders are processed at once',
    min: 1,
    max: 1_000,
    default: 64,
  }),
  batch_size: setting.integer({
    description: 'How many orders are taken from the queue at once; two such batches run at a time',
    min: 1,
    max: 1_000,
    default: 100,
  }),
  upstream_timeout_ms: setting.integer({
    description: 'How long a call of the server or of transactions may take, in ms',
    min: 100,
    max: 60_000,
    default: 10_000,
  }),
  catch_up_interval_ms: setting.integer({
    description: 'Pause between two reads of the feed of changes, in ms: it makes up for lost callbacks',
    min: 10,
    max: 3_600_000,
    default: 5_000,
  }),
  catch_up_page_size: setting.integer({
    description: 'How many changes are read at once',
    min: 1,
    max: 1_000,
    default: 500,
  }),
  catch_up_lag_bound_ms: setting.integer({
    description:
      'For how long answers of the feed that are older than earlier ones count as those of a replica that lags, in ms; ' +
      'after that the feed is read again from its beginning',
    min: 0,
    max: 3_600_000,
    default: 30_000,
  }),
  sweep_interval_ms: setting.integer({
    description: 'Pause between two sweeps for orders whose job was lost, in ms',
    min: 10,
    max: 3_600_000,
    default: 10_000,
  }),
  sweep_page_size: setting.integer({
    description: 'How many such orders are enqueued at once',
    min: 1,
    max: 10_000,
    default: 500,
  }),
  overdue_after_ms: setting.integer({
    description: 'How late an order may be before its job is taken for lost, in ms',
    min: 10,
    max: 3_600_000,
    default: 60_000,
  }),
  retry_base_ms: setting.integer({
    description: 'Pause before an order is retried, in ms; it doubles with every failure',
    min: 10,
    max: 3_600_000,
    default: 1_000,
  }),
  retry_max_ms: setting.integer({
    description: 'Longest such pause, in ms',
    min: 10,
    max: 86_400_000,
    default: 300_000,
  }),
  attention_after_ms: setting.integer({
    description:
      'How long an order waits for its rates, or for an invoice that can be read, before it needs attention, in ms',
    min: 0,
    max: 604_800_000,
    default: 900_000,
  }),
  attention_retry_max_ms: setting.integer({
    description: 'Longest pause, in ms, before an order is retried that needs attention',
    min: 10,
    max: 86_400_000,
    default: 600_000,
  }),
  audit_distances: setting.durations({
    description:
      'When a finished order is audited: the waits between two audits, from its newest change on; the last one is repeated',
    max_ms: 31_536_000_000,
    default: '1m,1h,1d,7d,30d',
  }),
  audit_end_ms: setting.integer({
    description: 'After this time an order is no longer audited, in ms',
    min: 0,
    max: 31_536_000_000,
    default: 7_776_000_000,
  }),
  audits_per_second: setting.integer({
    description: 'Most audits that this process begins in a second; none while as many orders wait already',
    min: 1,
    max: 1_000,
    default: 20,
  }),
  attention_report_interval_ms: setting.integer({
    description: 'Pause between two reports to the server of all orders that need attention here, in ms',
    min: 10,
    max: 60_000,
    default: 10_000,
  }),
  max_connections: setting.integer({
    description: 'Connections to the database for orders; the queue has two of its own',
    min: 1,
    max: 200,
    default: 10,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
