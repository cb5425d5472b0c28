import { amountField, parseAmount, serviceField } from '@cashback/contract';
import { setting } from '@cashback/service';
import { z } from 'zod';

const breakerBounds = z.record(
  serviceField,
  z.strictObject({
    window_s: z.int().min(1).max(2_592_000),
    max_growth: amountField.transform(parseAmount),
  }),
);

export const settingsSchema = z.object({
  database_url: setting.databaseUrl(
    'The Postgres database; its login must be a member of the role cashback_server',
    'postgres://server:password@127.0.0.1:5432/cashback',
  ),
  host: setting.text('The address to listen on', '127.0.0.1').default('127.0.0.1'),
  port: setting.port('The port to listen on; 0 takes a free one', '4100'),
  bearer_tokens: setting.tokens(
    'Accepted bearer tokens, with the scopes register, events, order, rates, rates.read, reconcile, breaker, attention, attention.report, payee',
    '[{"caller":"processing","token":"<random text>","scopes":["register","order","rates.read","attention.report"]}]',
  ),
  max_connections: setting.integer({
    description: 'Connections to the database for everything but register; the queue has two of its own',
    min: 1,
    max: 200,
    default: 8,
  }),
  register_group_size: setting.integer({
    description: 'Most calls of register that share a transaction',
    min: 1,
    max: 1_000,
    default: 500,
  }),
  register_concurrency: setting.integer({
    description: 'Concurrent transactions of register; it has twice as many connections of its own',
    min: 1,
    max: 50,
    default: 2,
  }),
  register_max_pending: setting.integer({
    description:
      'Most calls of register that wait or run; further ones are refused with OVERLOADED immediately',
    min: 1,
    max: 100_000,
    default: 5_000,
  }),
  register_max_pending_per_order: setting.integer({
    description:
      'Most calls of register of one order that wait or run; further ones are refused with OVERLOADED immediately',
    min: 1,
    max: 100_000,
    default: 500,
  }),
  // Longer than deadlock_timeout of Postgres (1 s by default): otherwise the wait ends before a deadlock is detected.
  register_lock_timeout_ms: setting.integer({
    description: 'How long a register waits for an order that another transaction holds, in ms',
    min: 50,
    max: 10_000,
    default: 1_500,
  }),
  call_timeout_ms: setting.integer({
    description: 'How long a call may take before it is answered with DATABASE_UNAVAILABLE, in ms',
    min: 1_000,
    max: 120_000,
    default: 25_000,
  }),
  breaker: setting.json(breakerBounds, {
    description:
      'By service: by how much its targets may grow in a window, for each currency; what rises beyond it is held ' +
      'until it is released. A service without an entry grows freely',
    expected: 'a JSON object of { window_s, max_growth } by service',
    example: '{"yellow":{"window_s":3600,"max_growth":"100000"}}',
    default: '{}',
  }),
  max_batch_size: setting.integer({
    description: 'Most calls in one HTTP request',
    min: 1,
    max: 1_000,
    default: 50,
  }),
  body_limit_bytes: setting.integer({
    description: 'Largest body of an HTTP request, in bytes; a call of register has about 18,000 at most',
    min: 32_768,
    max: 67_108_864,
    default: 1_048_576,
  }),
});

export type Settings = z.output<typeof settingsSchema>;

export const env = process.env;
