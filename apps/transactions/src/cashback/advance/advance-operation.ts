import type { OperationFinishedCallback } from '@cashback/wire';
import { backoffMs } from '@cashback/service';
import type { BasketRefund, NewBasket } from '../../db/queries/operations/baskets.ts';
import type { OperationUpdate } from '../../db/queries/operations/update-operations.ts';
import type { StepUpdate } from '../../db/queries/operations/update-steps.ts';
import { type TrustStep, type UnfinishedOperation, isFinished } from '../operation.ts';
import {
  type Advance,
  type AnsweredStep,
  type SendHow,
  type StepAnswer,
  type StepChange,
  decideAdvance,
} from './decide-advance.ts';

export interface AdvanceLimits {
  /** Shortest and longest wait before an operation that waits for Trust is polled again. */
  poll_base_ms: number;
  poll_max_ms: number;
  /** How long a call to Trust may take. */
  call_timeout_ms: number;
}

/** A call to Trust to make now. Its intent is committed. */
export interface TrustCall {
  operation: UnfinishedOperation;
  step: TrustStep;
  how: SendHow;
}

/** What advancing one operation writes, and the call to make once that is committed. */
export interface AdvanceWrites {
  steps: StepUpdate[];
  /** Top-ups that Trust is known to have applied. */
  baskets: NewBasket[];
  refunds: BasketRefund[];
  /** Null when another executor has taken the operation further. */
  operation: OperationUpdate | null;
  /** The job that polls the operation again; null when a call follows, or nothing. */
  poll: { invoice_id: string; operation_id: string; in_ms: number } | null;
  /** Written when the operation ends. */
  invoice: { invoice_id: string; cashback_version: number } | null;
  callback: OperationFinishedCallback | null;
  call: TrustCall | null;
}

/** Records the answer to the last call, if any, and decides the next one, the next poll or the end. */
export function advanceOperation(
  operation: UnfinishedOperation,
  answered: AnsweredStep | null,
  limits: AdvanceLimits,
  random: () => number = Math.random,
): AdvanceWrites {
  const { changes, next } = decideAdvance(operation.steps, answered, operation.open_reason);
  const update = operationUpdate(operation, changes.length > 0, next, limits, random);
  return {
    ...stepWrites(operation, changes),
    operation: update,
    poll: next.action === 'poll' && update !== null ? pollOf(operation, update) : null,
    ...endWrites(operation, update),
    call: next.action === 'send' ? { operation, step: next.step, how: next.how } : null,
  };
}

function stepWrites(
  { operation_id, invoice_id, version }: UnfinishedOperation,
  changes: readonly StepChange[],
): Pick<AdvanceWrites, 'steps' | 'baskets' | 'refunds'> {
  const applied = changes.filter(({ to }) => to === 'applied');
  return {
    steps: changes.map(({ step: { step_number }, from, to, reason, taken }) => ({
      operation_id,
      step_number,
      from,
      to,
      reason,
      taken,
    })),
    baskets: applied
      .filter(({ step }) => step.kind === 'topup')
      .map(({ step: { basket_id, source, amount, step_number } }) => ({
        invoice_id,
        basket_id,
        source,
        amount,
        version,
        step_number,
      })),
    refunds: applied
      .filter(({ step }) => step.kind === 'refund')
      .map(({ step, taken }) => ({ invoice_id, basket_id: step.basket_id, amount: taken ?? step.amount })),
  };
}

function operationUpdate(
  { operation_id, attempts, open_reason }: UnfinishedOperation,
  progress: boolean,
  next: Advance['next'],
  { call_timeout_ms, poll_base_ms, poll_max_ms }: AdvanceLimits,
  random: () => number,
): OperationUpdate | null {
  const unfinished = { operation_id, status: 'in-progress' } as const;
  switch (next.action) {
    case 'leave':
      return null;
    case 'send':
      // By then the call has been answered, or the process that made it is gone.
      return {
        ...unfinished,
        reason: progress ? null : open_reason,
        attempts: progress ? 0 : attempts,
        next_attempt_in_ms: 2 * call_timeout_ms,
      };
    case 'poll': {
      const waits = progress ? 1 : attempts + 1;
      const backoff = backoffMs(waits, { base_ms: poll_base_ms, max_ms: poll_max_ms, random });
      const next_attempt_in_ms = Math.max(backoff, Math.min(next.retry_after_ms, poll_max_ms));
      return { ...unfinished, reason: next.reason, attempts: waits, next_attempt_in_ms };
    }
    case 'finish':
      return { operation_id, status: next.status, reason: next.reason, attempts, next_attempt_in_ms: 0 };
  }
}

function pollOf(
  { invoice_id, operation_id }: UnfinishedOperation,
  { next_attempt_in_ms }: OperationUpdate,
): AdvanceWrites['poll'] {
  return { invoice_id, operation_id, in_ms: next_attempt_in_ms };
}

function endWrites(
  { invoice_id, operation_id, version }: UnfinishedOperation,
  update: OperationUpdate | null,
): Pick<AdvanceWrites, 'invoice' | 'callback'> {
  if (update === null || !isFinished(update.status)) return { invoice: null, callback: null };
  return {
    invoice: { invoice_id, cashback_version: version + 1 },
    callback: { invoice_id, operation_id, status: update.status },
  };
}

/** Whether a request is to leave that may move money: its step is claimed right before. */
export function needsClaim({ how }: Pick<TrustCall, 'how'>): boolean {
  return how !== 'get';
}

/** `attempt`: the number of the request, from its claim; null when Trust was only asked. */
export function answeredStep({ step }: TrustCall, attempt: number | null, answer: StepAnswer): AnsweredStep {
  return { step_number: step.step_number, answer, ...(attempt !== null && { attempt }) };
}
