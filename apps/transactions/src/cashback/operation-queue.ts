import { idField } from '@cashback/contract';
import { type JobInput, defineQueue } from '@cashback/postgres';
import * as z from 'zod';

export const JOBS_SCHEMA = 'transactions_jobs';

const payload = z.object({ invoice_id: idField, operation_id: idField });

/** Names an operation; its rows say what is to be done. */
export type OperationName = z.infer<typeof payload>;

/** Move an operation on. */
export const operationQueue = defineQueue({ name: 'cashback_operation', schema: JOBS_SCHEMA, payload });

type OperationJob = JobInput<OperationName>;

/** Work to do at once. */
export function immediateJob({ invoice_id, operation_id }: OperationName): OperationJob {
  return { key: operation_id, payload: { invoice_id, operation_id } };
}

/** A later look, under a key of its own so that it never takes the place of work to do at once. */
export function laterJob({ invoice_id, operation_id }: OperationName, afterMs: number): OperationJob {
  return {
    key: `${operation_id}#poll`,
    payload: { invoice_id, operation_id },
    start_after_seconds: afterMs / 1_000,
  };
}

/** The sweeper's, under a key of its own so that it never waits for a job of a process that is gone. */
export function sweepJob({ invoice_id, operation_id }: OperationName): OperationJob {
  return { key: `${operation_id}#sweep`, payload: { invoice_id, operation_id } };
}
