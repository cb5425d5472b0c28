import { parseAmount } from '@cashback/contract';
import { type StepAnswer, decideAdvance, type Step, isFinished } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { CashbackOperationRow } from '../tables.ts';
import type { World } from '../world.ts';
import { type StepCall, callTrust } from './call-trust.ts';
import { deliver } from './deliver.ts';
import { hearOperation } from './hear-operation.ts';

const POLL_MS = 500;
const POLL_MAX_MS = 30_000;
const CALL_TIMEOUT_MS = 5_000;

type Answered = { step_number: number; answer: StepAnswer };

/** `cashback_operation`: each step in its turn, until Trust has to be waited for. */
export function* advanceJob(world: World, operationId: string): Flow<void> {
  let answered: Answered | null = null;
  for (;;) {
    const next: StepCall | null = yield* advance(world, operationId, answered);
    if (next === null) return;
    const answer: StepAnswer = yield* callTrust(world, next);
    answered = { step_number: next.step.step_number, answer };
  }
}

function* advance(world: World, operationId: string, answered: Answered | null): Flow<StepCall | null> {
  return yield* atomically(`move ${operationId} on`, () => {
    const operation = world.tables.cashback_operations.get(operationId);
    if (operation === undefined || isFinished(operation.status)) return null;
    return applyAdvance(world, operation, planted(world, answered));
  });
}

function planted({ bug }: World, answered: Answered | null): Answered | null {
  if (bug !== 'silence_is_failure' || answered?.answer.kind !== 'unknown') return answered;
  return { ...answered, answer: { kind: 'refused', reason: 'no answer' } };
}

function applyAdvance(
  world: World,
  operation: CashbackOperationRow,
  answered: Answered | null,
): StepCall | null {
  const { engine, advances } = world;
  const { changes, next } = decideAdvance(operation.steps, answered);
  for (const { step, from, to, reason } of changes) {
    const stored = operation.steps.find(({ step_number }) => step_number === step.step_number);
    if (stored?.status !== from) throw new Error(`step ${step.step_id} is ${stored?.status}, not ${from}`);
    stored.status = to;
    stored.reason = reason;
    if (to === 'applied') applyStep(world, operation, stored);
  }
  switch (next.action) {
    case 'leave':
      return null;
    case 'finish':
      return finish(world, operation, next.status, next.reason);
    case 'send':
      operation.status = 'in-progress';
      operation.next_look_at = engine.now() + 2 * CALL_TIMEOUT_MS;
      return { operation: { ...operation }, step: { ...next.step }, how: next.how };
    case 'look_later': {
      operation.status = 'in-progress';
      operation.attempts += 1;
      const wait_ms = Math.min(POLL_MAX_MS, POLL_MS * 2 ** operation.attempts);
      operation.next_look_at = engine.now() + wait_ms;
      advances.enqueue(`${operation.operation_id}#poll`, operation.operation_id, wait_ms);
      return null;
    }
  }
}

/** What a step that is known to be applied makes of the baskets. */
function applyStep({ tables }: World, { invoice_id }: CashbackOperationRow, step: Step): void {
  const { kind, basket_id, source } = step;
  const amount = parseAmount(step.amount);
  const baskets = tables.baskets.get(invoice_id) ?? [];
  tables.baskets.set(invoice_id, baskets);
  if (kind === 'topup') baskets.push({ basket_id, source, amount, refunded: 0n });
  const refunded = baskets.find((basket) => basket.basket_id === basket_id);
  if (refunded === undefined) throw new Error(`basket ${basket_id} is not there`);
  if (kind === 'refund') refunded.refunded += amount;
  if (refunded.refunded > refunded.amount)
    throw new Error(`basket ${basket_id} is refunded beyond its amount`);
}

function finish(
  world: World,
  operation: CashbackOperationRow,
  status: 'success' | 'failed',
  reason: string | null,
): null {
  const { engine, tables } = world;
  const { invoice_id, operation_id, version } = operation;
  engine.note(`transactions: ${operation_id} ends: ${status}`);
  operation.status = status;
  operation.reason = reason;
  const invoice = tables.invoices.get(invoice_id);
  if (invoice === undefined) throw new Error(`invoice ${invoice_id} is not there`);
  invoice.cashback_version = version + 1;
  deliver(world, {
    from: 'transactions',
    to: 'worker',
    what: `${operation_id} ended`,
    handle: () => hearOperation(world, invoice_id, operation_id),
    for_ever: false,
  });
  return null;
}
