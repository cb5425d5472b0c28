import { idField } from '@cashback/contract';
import { type JobInput, defineQueue } from '@cashback/postgres';
import * as z from 'zod';

export const JOBS_SCHEMA = 'transactions_jobs';

const payload = z.object({ invoice_id: idField, operation_id: idField });

/** A job only names its operation: the rows say what to do. */
export type OperationName = z.infer<typeof payload>;

/** Advances operations. */
export const operationQueue = defineQueue({ name: 'cashback_operation', schema: JOBS_SCHEMA, payload });

type OperationJob = JobInput<OperationName>;

/** Immediate work. */
export function immediateJob({ invoice_id, operation_id }: OperationName): OperationJob {
  return { key: operation_id, payload: { invoice_id, operation_id } };
}

/** Polls later, under a key of its own so that it never takes the place of immediate work. */
export function pollJob({ invoice_id, operation_id }: OperationName, afterMs: number): OperationJob {
  return {
    key: `${operation_id}#poll`,
    payload: { invoice_id, operation_id },
    start_after_seconds: afterMs / 1_000,
  };
}

/** The sweeper's job, under a key of its own so that it never waits for a job of a process that is gone. */
export function sweepJob({ invoice_id, operation_id }: OperationName): OperationJob {
  return { key: `${operation_id}#sweep`, payload: { invoice_id, operation_id } };
}
