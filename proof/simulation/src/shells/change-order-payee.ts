import type { CashbackError, ChangePayeeInput, ChangePayeeOutput } from '@cashback/contract';
import { type Flow, atomically } from '../engine/flow.ts';
import { rowOf, updateRow } from '../rows.ts';
import type { World } from '../world.ts';

/** `changePayee` */
export function* changeOrderPayee(
  world: World,
  input: ChangePayeeInput,
): Flow<ChangePayeeOutput | CashbackError> {
  const { order_id } = input;
  return yield* atomically(`change the payee of ${order_id}`, () => {
    const { engine, tables, charges, decisions } = world;
    const { payeeRow, planPayee } = decisions.server;
    const { to, job, answer } = planPayee(tables.orders.get(order_id) ?? null, input);
    if (to !== null) {
      const row = payeeRow(rowOf(tables.orders, order_id), to, engine.now());
      updateRow(tables.orders, order_id, row);
      engine.note(`server: ${order_id} is paid to ${to.wallet_id} as of revision ${row.revision}`);
    }
    if (job !== null) charges.enqueue(job.key, job.payload.order_id);
    return answer;
  });
}
