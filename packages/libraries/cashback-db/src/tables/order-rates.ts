import { jsonb, text } from 'drizzle-orm/pg-core';
import type { OrderRate } from '@cashback/contract';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** An order's rates, frozen at the first put. */
export const orderRates = cashback.table('order_rates', {
  order_id: id('order_id').primaryKey(),
  service: text('service').notNull(),
  rates: jsonb('rates').$type<OrderRate[]>().notNull(),
  created_at: moment('created_at').notNull().default(now),
});
