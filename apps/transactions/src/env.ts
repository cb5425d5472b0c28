import { setting } from '@cashback/service';
import * as z from 'zod';
import { walletPolicies } from './cashback/accept/wallet-policies.ts';

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_transactions',
    'postgres://transactions:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4103'),
  bearer_tokens: setting.tokens(
    'Bearer tokens that are accepted here, with the scopes invoices, invoices.read, cashback.update',
    '[{"caller":"worker","token":"<random text>","scopes":["invoices.read","cashback.update"]}]',
  ),
  trust_url: setting.url('The payment system that keeps the baskets', 'http://127.0.0.1:4105'),
  trust_token: setting.secret('Bearer token for it, with the scope baskets'),
  invoice_callback_url: setting.url(
    'The receiver of callbacks about invoices whose money changed',
    'http://127.0.0.1:4102/callbacks/invoice',
  ),
  invoice_callback_secret: setting.signingSecret('Signs these callbacks; the receiver has the same secret'),
  operation_callback_url: setting.url(
    'The receiver of callbacks about operations that ended',
    'http://127.0.0.1:4101/callbacks/operation',
  ),
  operation_callback_secret: setting.signingSecret('Signs these callbacks; the receiver has the same secret'),
  wallet_policies: setting.json(walletPolicies, {
    description:
      'What a refund does when its wallet was spent, by service: go_negative takes the wallet below zero, fail ends ' +
      'the operation as failed, take_what_is_there takes what the wallet has and leaves the rest owed; with the last two ' +
      'the order needs attention meanwhile; "*" is for every service that is not named',
    expected: 'a JSON object that maps names of services, or "*", to go_negative, fail or take_what_is_there',
    example: '{"*":"go_negative","green":"fail"}',
    default: '{}',
  }),
  trust_lists_baskets: setting.choice(['yes', 'no'], {
    description:
      'Whether the payment system can list the baskets of an order, with their refunds. With no, what a restore forgot is ' +
      'not adopted: the worker sends its operations again, and what it cannot bring back waits until trust_compared_epoch ' +
      'says that a person has compared',
    default: 'yes',
  }),
  trust_compared_epoch: setting.integer({
    description:
      "Without such a list: the newest epoch whose restore a person has compared with the payment system's export; " +
      'an epoch that has not begun is refused at start',
    min: 1,
    max: 2_147_483_647,
    default: 1,
  }),
  trust_timeout_ms: setting.integer({
    description: 'How long a call to the payment system may take, in ms; after that it is repeated',
    min: 50,
    max: 60_000,
    default: 5_000,
  }),
  trust_concurrency: setting.integer({
    description: 'How many calls to the payment system run at once',
    min: 1,
    max: 512,
    default: 32,
  }),
  poll_base_ms: setting.integer({
    description:
      'Pause before an operation that waits for the payment system is polled again, in ms; it doubles',
    min: 10,
    max: 60_000,
    default: 500,
  }),
  poll_max_ms: setting.integer({
    description: 'Longest such pause, in ms',
    min: 10,
    max: 3_600_000,
    default: 30_000,
  }),
  batch_size: setting.integer({
    description: 'How many operations are taken from the queue at once; two such batches run at a time',
    min: 1,
    max: 1_000,
    default: 200,
  }),
  sweep_interval_ms: setting.integer({
    description: 'Pause between two sweeps for operations whose job was lost, in ms',
    min: 10,
    max: 3_600_000,
    default: 5_000,
  }),
  overdue_after_ms: setting.integer({
    description: 'How late an operation may be before its job is taken for lost, in ms',
    min: 10,
    max: 3_600_000,
    default: 10_000,
  }),
  adoption_interval_ms: setting.integer({
    description:
      'Pause between two pages of invoices whose history is adopted after a restore, in ms; without one, a cheap statement',
    min: 10,
    max: 3_600_000,
    default: 1_000,
  }),
  adoption_batch: setting.integer({
    description: 'How many invoices such a page has; with the pause it bounds the rate',
    min: 1,
    max: 1_000,
    default: 50,
  }),
  adoption_concurrency: setting.integer({
    description: 'How many of a page are adopted at once; the calls of operations keep at least as many',
    min: 1,
    max: 4,
    default: 2,
  }),
  adoption_retry_max_ms: setting.integer({
    description:
      'Longest pause after a page of which the payment system listed none, or after all pages when some invoices are left, in ms',
    min: 10,
    max: 3_600_000,
    default: 60_000,
  }),
  callback_interval_ms: setting.integer({
    description: 'Pause between two polls for callbacks that are due, in ms; new ones are sent at once',
    min: 10,
    max: 60_000,
    default: 1_000,
  }),
  callback_concurrency: setting.integer({
    description: 'How many callbacks are sent at once, of each kind',
    min: 1,
    max: 256,
    default: 16,
  }),
  callback_timeout_ms: setting.integer({
    description: 'How long a callback may take, in ms',
    min: 100,
    max: 30_000,
    default: 5_000,
  }),
  callback_retry_max_ms: setting.integer({
    description: 'Longest pause between two attempts of a callback, in ms',
    min: 10,
    max: 3_600_000,
    default: 300_000,
  }),
  callback_max_age_ms: setting.integer({
    description:
      'How long a callback is retried before it is dropped, in ms; its receiver finds the change by polling',
    min: 1_000,
    max: 2_592_000_000,
    default: 86_400_000,
  }),
  callback_clean_interval_ms: setting.integer({
    description: 'Pause between two sweeps for callbacks to drop, in ms',
    min: 10,
    max: 3_600_000,
    default: 60_000,
  }),
  max_connections: setting.integer({
    description: 'Connections to the database; the queue has four of its own',
    min: 2,
    max: 200,
    default: 10,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
