import { defineQueue } from '@cashback/postgres';
import * as z from 'zod';
import { idField } from '@cashback/contract';

/** The schema of pg-boss that the server, which enqueues, and the worker share. */
export const CASHBACK_JOBS_SCHEMA = 'cashback_jobs';

/** Bring what an order was rewarded to its target. The rows decide what is to be done, a job only names the order. */
export const chargeQueue = defineQueue({
  name: 'cashback_charge_processing',
  schema: CASHBACK_JOBS_SCHEMA,
  payload: z.object({ order_id: idField }),
});

/** Key of work to do at once. */
export function chargeKey(orderId: string): string {
  return orderId;
}

/** Key of a later look at the order: of its own, so that it never takes the place of work to do at once. */
export function pollKey(orderId: string): string {
  return `${orderId}#poll`;
}
