import type { NewOperation } from '@cashback/cashback-db';
import { formatAmounts, formatAmount, parseAmounts } from '@cashback/contract';
import { type PlannedStep, type UpdateAnswer, planBaskets } from '@cashback/core';
import { decideRequest, isFinished, planSteps } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import { hearOperation } from './hear-operation.ts';

/** `POST /update/cashback` */
export function* updateCashback(world: World, operation: NewOperation): Flow<UpdateAnswer> {
  const { order_id: invoice_id, operation_id, version, user_id, wallet_id, currency, reward } = operation;
  const input = { invoice_id, operation_id, version, user_id, wallet_id, currency, reward };
  return yield* atomically(`accept ${operation_id}`, (): UpdateAnswer => {
    const { engine, tables } = world;
    const invoice = tables.invoices.get(invoice_id) ?? null;
    const all = [...tables.cashback_operations.values()];
    const decision = decideRequest(input, {
      invoice,
      known: tables.cashback_operations.get(operation_id) ?? null,
      unfinished: all.find((one) => one.invoice_id === invoice_id && !isFinished(one.status)) ?? null,
    });
    if (decision.outcome === 'refused') {
      const { code, message } = decision.error;
      engine.note(`transactions: ${operation_id} is refused: ${code}`);
      return { kind: 'refused', code, message };
    }
    if (decision.outcome === 'accepted') accept(world, input);
    const known = tables.cashback_operations.get(operation_id);
    if (known !== undefined && !isFinished(known.status)) world.advances.enqueue(operation_id, operation_id);
    return { kind: 'accepted', status: known?.status ?? 'init' };
  });
}

function accept(
  world: World,
  input: Omit<NewOperation, 'order_id' | 'revision'> & { invoice_id: string },
): void {
  const { engine, tables } = world;
  const { invoice_id, operation_id } = input;
  const target = parseAmounts(input.reward);
  const plan = planBaskets(target, tables.baskets.get(invoice_id) ?? []);
  const status = plan.length === 0 ? ('success' as const) : ('init' as const);
  engine.note(
    `transactions: ${operation_id} is accepted: ${plan.map(describeStep).join('; ') || 'nothing to do'}`,
  );
  tables.cashback_operations.set(operation_id, {
    ...input,
    version: input.version + 1,
    reward: formatAmounts(target),
    status,
    wallet_policy: 'go_negative',
    attempts: 0,
    next_look_at: engine.now(),
    reason: null,
    steps: planSteps(operation_id, plan).map((step) => ({ ...step, status: 'planned', reason: null })),
  });
  const invoice = tables.invoices.get(invoice_id);
  if (invoice === undefined) throw new Error(`invoice ${invoice_id} is not there`);
  invoice.cashback_version = input.version + (isFinished(status) ? 2 : 1);
  if (isFinished(status)) {
    deliver(world, {
      from: 'transactions',
      to: 'worker',
      what: `${operation_id} ended`,
      handle: () => hearOperation(world, invoice_id, operation_id),
      for_ever: false,
    });
  }
}

function describeStep({ kind, source, amount }: PlannedStep): string {
  return `${kind} of ${source} ${formatAmount(amount)}`;
}
