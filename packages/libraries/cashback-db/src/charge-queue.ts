import { defineQueue } from '@cashback/postgres';
import * as z from 'zod';
import { idField } from '@cashback/contract';

/** The schema of pg-boss that the server, which enqueues, and the worker share. */
export const CASHBACK_JOBS_SCHEMA = 'cashback_jobs';

/** Bring what an order is rewarded to its target. A job only names the order: the rows decide what is to be done. */
export const chargeQueue = defineQueue({
  name: 'cashback_charge_processing',
  schema: CASHBACK_JOBS_SCHEMA,
  payload: z.object({ order_id: idField }),
});

/** At most one job of an order waits, and one runs. A later poll is no job: its time is `poll_at` in the order's row. */
export function chargeKey(orderId: string): string {
  return orderId;
}

export interface ChargeJob {
  key: string;
  payload: { order_id: string };
}

/** The job that brings an order's cashback to its target. */
export function chargeJob(orderId: string): ChargeJob {
  return { key: chargeKey(orderId), payload: { order_id: orderId } };
}
