import { idField } from '@cashback/contract';
import { type JobInput, defineQueue } from '@cashback/postgres';
import * as z from 'zod';

export const JOBS_SCHEMA = 'processing_jobs';

/** Calculates and registers what an order should carry. A job only names the order: its row says what to do. */
export const processingQueue = defineQueue({
  name: 'universal_cashback_processing',
  schema: JOBS_SCHEMA,
  payload: z.object({ order_id: idField }),
});

export type ProcessingJob = JobInput<{ order_id: string }>;

/** Immediate work. */
export function immediateJob(orderId: string): ProcessingJob {
  return { key: orderId, payload: { order_id: orderId } };
}

/** A later attempt, under a key of its own so that it never takes the place of immediate work. */
export function retryJob(orderId: string, afterMs: number): ProcessingJob {
  return { key: `${orderId}#poll`, payload: { order_id: orderId }, start_after_seconds: afterMs / 1_000 };
}
