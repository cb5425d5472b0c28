import type { NewOperation } from '@cashback/cashback-db';
import type { UpdateAnswer } from '@cashback/core';
import { type AcceptanceWrites, isFinished } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { loadBaskets, writeAcceptance } from './write-rows.ts';

/** `POST /update/cashback` */
export function* updateCashback(world: World, operation: NewOperation): Flow<UpdateAnswer> {
  const { order_id: invoice_id, operation_id, version, user_id, wallet_id, currency, reward } = operation;
  const input = { invoice_id, operation_id, version, user_id, wallet_id, currency, reward };
  return yield* atomically(`accept ${operation_id}`, (): UpdateAnswer => {
    const { decisions, engine, tables } = world;
    const all = [...tables.cashback_operations.values()];
    const decision = decisions.transactions.decideRequest(input, {
      invoice: tables.invoices.get(invoice_id) ?? null,
      known: tables.cashback_operations.get(operation_id) ?? null,
      unfinished: all.find((one) => one.invoice_id === invoice_id && !isFinished(one.status)) ?? null,
    });
    if (decision.outcome === 'refused') {
      const { code, message } = decision.error;
      engine.note(`transactions: ${operation_id} is refused: ${code}`);
      return { kind: 'refused', code, message };
    }
    if (decision.outcome === 'accepted') {
      const { service } = decision.invoice;
      const context = { service, wallet_policies: {}, baskets: loadBaskets(world, invoice_id) };
      const writes = decisions.transactions.acceptOperation(input, context);
      engine.note(`transactions: ${operation_id} is accepted: ${describeSteps(writes)}`);
      writeAcceptance(world, writes);
    }
    const known = tables.cashback_operations.get(operation_id);
    if (known !== undefined && !isFinished(known.status)) world.advances.enqueue(operation_id, operation_id);
    return { kind: 'accepted', status: known?.status ?? 'init' };
  });
}

function describeSteps({ steps }: AcceptanceWrites): string {
  const described = steps.map(({ kind, source, amount }) => `${kind} of ${source} ${amount}`);
  return described.join('; ') || 'nothing to do';
}
