import type { OperationFinishedCallback } from '@cashback/wire';
import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { backoffMs } from '@cashback/service';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { insertBaskets } from '../../db/queries/operations/insert-baskets.ts';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { loadUnfinished } from '../../db/queries/operations/load-unfinished.ts';
import { lockInvoices } from '../../db/queries/invoices/lock-invoices.ts';
import { refundBaskets } from '../../db/queries/operations/refund-baskets.ts';
import { type OperationUpdate, updateOperations } from '../../db/queries/operations/update-operations.ts';
import { updateSteps } from '../../db/queries/operations/update-steps.ts';
import { type Advance, type SendHow, type StepAnswer, decideAdvance } from './decide-advance.ts';
import { type Step, type UnfinishedOperation, isFinished } from '../operation.ts';
import { type OperationName, laterJob, operationQueue } from '../operation-queue.ts';

export interface AdvanceLimits {
  /** Shortest and longest wait before an operation that waits for Trust is looked at again. */
  poll_base_ms: number;
  poll_max_ms: number;
  /** How long a call to Trust may take. */
  call_timeout_ms: number;
}

export interface AdvanceItem extends OperationName {
  /** What the call that the last advance asked for was answered; null before the first one. */
  answered: { step_number: number; answer: StepAnswer } | null;
}

/** The call to make now, whose intent is committed; null when there is nothing to do for now. */
export type NextCall = { operation: UnfinishedOperation; step: Step; how: SendHow } | null;

interface Decided extends Advance {
  operation: UnfinishedOperation;
}

/**
 * Records answers and decides what is next, for a set of distinct operations in one transaction under the locks of
 * their invoices: each gets its next call, a later look, or its end. Returns the calls in the order of the items.
 */
export async function advanceOperations(
  context: { database: Database; jobs: Jobs; limits: AdvanceLimits; finished: () => void },
  items: readonly AdvanceItem[],
): Promise<NextCall[]> {
  const { database, jobs, limits, finished } = context;
  const decided = await withTransaction(database, async (tx) => {
    await lockInvoices(tx, [...new Set(items.map(({ invoice_id }) => invoice_id))]);
    const operations = await loadUnfinished(
      tx,
      items.map(({ operation_id }) => operation_id),
    );
    const decisions = items.flatMap(({ operation_id, answered }): Decided[] => {
      const operation = operations.get(operation_id);
      return operation === undefined ? [] : [{ operation, ...decideAdvance(operation.steps, answered) }];
    });
    await applySteps(tx, decisions);
    await applyOperations(tx, jobs, limits, decisions);
    return decisions;
  });
  if (decided.some(({ next }) => next.action === 'finish')) finished();
  const calls = new Map(
    decided.map(({ operation, next }) => [operation.operation_id, callOf(operation, next)]),
  );
  return items.map(({ operation_id }) => calls.get(operation_id) ?? null);
}

function callOf(operation: UnfinishedOperation, next: Advance['next']): NextCall {
  return next.action === 'send' ? { operation, step: next.step, how: next.how } : null;
}

/** The steps, and with those that are known now to be applied, the baskets. */
async function applySteps(tx: Transaction, decided: readonly Decided[]): Promise<void> {
  const changes = decided.flatMap(({ operation, changes: own }) =>
    own.map((change) => ({ operation, ...change })),
  );
  const applied = changes.filter(({ to }) => to === 'applied');
  await updateSteps(
    tx,
    changes.map(({ operation, step, ...change }) => ({
      operation_id: operation.operation_id,
      step_number: step.step_number,
      ...change,
    })),
  );
  await insertBaskets(
    tx,
    applied
      .filter(({ step }) => step.kind === 'topup')
      .map(({ operation: { invoice_id, version }, step: { basket_id, source, amount, step_number } }) => ({
        invoice_id,
        basket_id,
        source,
        amount,
        version,
        step_number,
      })),
  );
  await refundBaskets(
    tx,
    applied
      .filter(({ step }) => step.kind === 'refund')
      .map(({ operation: { invoice_id }, step: { basket_id, amount } }) => ({
        invoice_id,
        basket_id,
        amount,
      })),
  );
}

/** How far the operations are, the jobs that look at them again, and for those that ended, what their end entails. */
async function applyOperations(
  tx: Transaction,
  jobs: Jobs,
  limits: AdvanceLimits,
  decided: readonly Decided[],
): Promise<void> {
  const moved = decided.flatMap(({ operation, changes, next }) => {
    const update = nextLook(operation, changes.length > 0, next, limits);
    return update === null ? [] : [{ operation, next, update }];
  });
  await updateOperations(
    tx,
    moved.map(({ update }) => update),
  );
  const later = moved.filter(({ next }) => next.action === 'look_later');
  if (later.length > 0) {
    await jobs.enqueue(
      operationQueue,
      later.map(({ operation, update }) => laterJob(operation, update.next_look_ms)),
      tx,
    );
  }
  const ended = moved.flatMap(({ operation: { invoice_id, operation_id, version }, update: { status } }) =>
    isFinished(status) ? [{ invoice_id, operation_id, status, version: version + 1 }] : [],
  );
  await advanceCashbackVersions(tx, ended);
  await insertCallbacks(
    tx,
    'operation.finished',
    ended.map(({ invoice_id, operation_id, status }): OperationFinishedCallback => ({
      invoice_id,
      operation_id,
      status,
    })),
  );
}

/** What is written of an operation: null when it is in another's hands. */
function nextLook(
  { operation_id, attempts }: UnfinishedOperation,
  progress: boolean,
  next: Advance['next'],
  { call_timeout_ms, poll_base_ms, poll_max_ms }: AdvanceLimits,
): OperationUpdate | null {
  const unfinished = { operation_id, status: 'in-progress', reason: null } as const;
  switch (next.action) {
    case 'leave':
      return null;
    case 'send':
      // Until then the call has been answered, or whoever made it is gone.
      return { ...unfinished, attempts: progress ? 0 : attempts, next_look_ms: 2 * call_timeout_ms };
    case 'look_later': {
      const waits = progress ? 1 : attempts + 1;
      const backoff = backoffMs(waits, { base_ms: poll_base_ms, max_ms: poll_max_ms });
      const next_look_ms = Math.max(backoff, Math.min(next.retry_after_ms, poll_max_ms));
      return { ...unfinished, attempts: waits, next_look_ms };
    }
    case 'finish':
      return { operation_id, status: next.status, reason: next.reason, attempts, next_look_ms: 0 };
  }
}
