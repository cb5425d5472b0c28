import { setting } from '@cashback/service';
import { z } from 'zod';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_worker',
    'postgres://worker:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4101'),
  transactions_url: setting.url('The service that owns invoices and their cashback', 'http://127.0.0.1:4103'),
  transactions_token: setting.secret(
    'Bearer token for it, with the scopes invoices.read and cashback.update',
  ),
  operation_callback_secret: setting.signingSecret(
    'It signs its callbacks to /callbacks/operation with this',
  ),
  billing_callback_secret: setting
    .signingSecret(
      "Billing's callbacks to /callbacks/balance are signed with it. Without it there is no such route, and an order " +
        'that waits for its wallet to fill up is attempted again at growing distances only',
    )
    .optional(),
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
  transactions_rate_per_second: setting.integer({
    description: 'How many calls to transactions may leave in a second; 0 does not limit them',
    min: 0,
    max: 1_000_000,
    default: 0,
  }),
  transactions_circuit_calls: setting.integer({
    description:
      'After this number of calls to it in ten seconds, when more than half of them failed, it counts as down: ' +
      'single calls probe it, all others wait',
    min: 1,
    max: 10_000,
    default: 10,
  }),
  transactions_circuit_open_ms: setting.integer({
    description: 'Wait before the first such probe, in ms; it doubles with every further one',
    min: 10,
    max: 600_000,
    default: 1_000,
  }),
  transactions_circuit_open_max_ms: setting.integer({
    description: 'Longest such wait, in ms, unless transactions itself asks for a longer one',
    min: 10,
    max: 3_600_000,
    default: 30_000,
  }),
  batch_size: setting.integer({
    description: 'Most orders that are taken at a time, and written at a time',
    min: 1,
    max: 500,
    default: 100,
  }),
  batch_concurrency: setting.integer({
    description: 'How many batches of the queue are worked on at once',
    min: 1,
    max: 32,
    default: 4,
  }),
  max_in_flight: setting.integer({
    description: 'Most orders that are charged at once, with those whose calls take long',
    min: 1,
    max: 100_000,
    default: 2_000,
  }),
  queue_poll_ms: setting.integer({
    description:
      'How often the queue is asked for jobs, in ms; new ones wake the worker at once, unless that was lost',
    min: 500,
    max: 60_000,
    default: 1_000,
  }),
  poll_interval_ms: setting.integer({
    description: 'Pause between two searches for orders that are due for a poll, in ms',
    min: 10,
    max: 60_000,
    default: 200,
  }),
  poll_lease_ms: setting.integer({
    description:
      'Lease of such an order, in ms: no other worker polls it meanwhile; if its worker dies, that is the delay',
    min: 1_000,
    max: 600_000,
    default: 30_000,
  }),
  poll_base_ms: setting.integer({
    description: 'Shortest wait until an order that is not settled is polled, in ms',
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
  in_flight_poll_ms: setting.integer({
    description:
      'Shortest such wait for an operation that was sent, in ms, but never more than the longest: ' +
      'a callback reports its end, so only a lost callback costs that long',
    min: 10,
    max: 3_600_000,
    default: 20_000,
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
    description:
      'After this number of operations of one target that failed, were rejected, or did not reach it, an order needs attention',
    min: 1,
    max: 1_000,
    default: 10,
  }),
  attention_after_ms: setting.integer({
    description:
      'An order that is in flight, fails or gets no usable answer for longer than this needs attention, in ms; only ' +
      'the time in which transactions answers counts',
    min: 1_000,
    max: 2_592_000_000,
    default: 86_400_000,
  }),
  attention_poll_ms: setting.integer({
    description: 'Shortest wait until an order that needs attention is polled, in ms',
    min: 10,
    max: 3_600_000,
    default: 60_000,
  }),
  attention_poll_max_ms: setting.integer({
    description: 'Longest such wait, in ms; between the two it is as long as the order has needed attention',
    min: 10,
    max: 86_400_000,
    default: 3_600_000,
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
  sweep_job_max_age_ms: setting.integer({
    description:
      'A job of the queue that is older counts as dead, and its order as forgotten, in ms; longer than a backlog may take',
    min: 1_000,
    max: 2_592_000_000,
    default: 3_600_000,
  }),
  sweep_page_size: setting.integer({
    description: 'Most orders that such a search makes due at a time',
    min: 1,
    max: 1_000,
    default: 500,
  }),
  audit_distances: setting.durations({
    description:
      'A settled order is observed again after these times, one after the other, without any other trigger; ' +
      'the last one is repeated',
    default: '1m,1h,1d,7d,30d',
    max_ms: 7_776_000_000,
  }),
  audit_end_ms: setting.integer({
    description: 'No such audit is due later than this after the order settled, in ms',
    min: 1_000,
    max: 31_536_000_000,
    default: 7_776_000_000,
  }),
  audit_rate_per_second: setting.integer({
    description: 'Most audits that this worker begins in a second; live orders go first',
    min: 1,
    max: 500,
    default: 100,
  }),
  audit_interval_ms: setting.integer({
    description: 'Pause between two searches for audits that are due, in ms',
    min: 20,
    max: 1_000,
    default: 1_000,
  }),
  cashback_feed_interval_ms: setting.integer({
    description: 'Pause between two reads of the feed of changed cashback at transactions, in ms',
    min: 20,
    max: 600_000,
    default: 1_000,
  }),
  cashback_feed_page_size: setting.integer({
    description: 'Most changes that are read at a time, and orders that are made due for them',
    min: 1,
    max: 500,
    default: 500,
  }),
  cashback_feed_lag_bound_ms: setting.integer({
    description:
      'For how long answers of that feed that are older than earlier ones count as those of a replica that lags, in ms; ' +
      'after that transactions counts as restored',
    min: 0,
    max: 3_600_000,
    default: 30_000,
  }),
  cashback_feed_absent_ms: setting.integer({
    description: 'How long a transactions without that feed is not asked for it again, in ms',
    min: 1_000,
    max: 86_400_000,
    default: 600_000,
  }),
  restore_window_ms: setting.integer({
    description:
      'When that feed shows that transactions was restored, the orders that changed within this time are observed, ' +
      'in ms; longer than a backup is old',
    min: 1_000,
    max: 7_776_000_000,
    default: 604_800_000,
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
