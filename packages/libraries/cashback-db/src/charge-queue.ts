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

/** One job an order waits, and one runs. A later look is no job: it stands in the order's row, see `poll_at`. */
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
