import { idField } from '@cashback/contract';
import { type JobInput, defineQueue } from '@cashback/postgres';
import * as z from 'zod';

export const JOBS_SCHEMA = 'processing_jobs';

/** Calculate and register what an order should carry. The row says what is to be done, a job only names the order. */
export const processingQueue = defineQueue({
  name: 'universal_cashback_processing',
  schema: JOBS_SCHEMA,
  payload: z.object({ order_id: idField }),
});

type ProcessingJob = JobInput<{ order_id: string }>;

/** Work to do at once. */
export function immediateJob(orderId: string): ProcessingJob {
  return { key: orderId, payload: { order_id: orderId } };
}

/** A later look, under a key of its own so that it never takes the place of work to do at once. */
export function laterJob(orderId: string, afterMs: number): ProcessingJob {
  return { key: `${orderId}#poll`, payload: { order_id: orderId }, start_after_seconds: afterMs / 1_000 };
}
