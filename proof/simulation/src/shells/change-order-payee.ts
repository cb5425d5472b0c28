import type { CashbackError, ChangePayeeInput, ChangePayeeOutput } from '@cashback/contract';
import { type Flow, atomically } from '../engine/flow.ts';
import { rowOf, updateRow } from '../rows.ts';
import type { World } from '../world.ts';

/** `changePayee` */
export function* changeOrderPayee(
  world: World,
  input: ChangePayeeInput,
): Flow<ChangePayeeOutput | CashbackError> {
  const { order_id, to } = input;
  return yield* atomically(`change the payee of ${order_id}`, () => {
    const { engine, tables, charges, decisions } = world;
    const { decidePayee, payeeRow } = decisions.server;
    const decision = decidePayee(tables.orders.get(order_id) ?? null, input);
    if (decision.outcome === 'refused') return decision.error;
    if (decision.outcome === 'changed') {
      const row = payeeRow(rowOf(tables.orders, order_id), to, engine.now());
      updateRow(tables.orders, order_id, row);
      engine.note(`server: ${order_id} is paid to ${to.wallet_id} as of revision ${decision.revision}`);
      const { key, payload } = decisions.database.chargeJob(order_id);
      charges.enqueue(key, payload.order_id);
    }
    return { order_id, ...decision };
  });
}
