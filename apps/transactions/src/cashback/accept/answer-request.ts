import type { CashbackError } from '@cashback/contract';
import type { UpdateCashbackOutput } from '@cashback/wire';
import { type StoredOperation, isFinished, versionAfter } from '../operation.ts';
import { immediateJob } from '../operation-queue.ts';
import { bodyMismatch } from './decide-request.ts';
import type { PlannedRequest } from './plan-request.ts';

/** The answer to a request, and the job that advances its operation. */
export interface RequestAnswer {
  answer: UpdateCashbackOutput | CashbackError;
  /** Null when nothing is left to do. */
  job: ReturnType<typeof immediateJob> | null;
}

/** `isWritten`: the operation of the accepted request is; false when its id was taken meanwhile. */
export function answerRequest(
  { input, decision, writes }: PlannedRequest,
  isWritten: boolean,
): RequestAnswer {
  switch (decision.outcome) {
    case 'refused':
      return { answer: decision.error, job: null };
    case 'known':
      return answerWith(decision.operation);
    case 'accepted':
      if (writes !== null && isWritten) return answerWith(writes.operation);
      // Another invoice has the id, and the lock of that one was not held.
      return { answer: bodyMismatch(input.operation_id, ['invoice_id']), job: null };
  }
}

/** Repeated requests set a stuck operation going again. */
function answerWith(operation: StoredOperation): RequestAnswer {
  const { operation_id, status } = operation;
  return {
    answer: { operation_id, status, version: versionAfter(operation) },
    job: isFinished(status) ? null : immediateJob(operation),
  };
}
