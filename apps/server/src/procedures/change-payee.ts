import { changePayee, chargeJob, chargeQueue, loadPayee, lockOrders } from '@cashback/cashback-db';
import type { ChangePayeeInput, ChangePayeeOutput } from '@cashback/contract';
import { type Database, type Jobs, withTransaction } from '@cashback/postgres';
import { decidePayee } from '../payee/decide-payee.ts';

/**
 * Changes the payee of an order as a new revision, with a record of the caller and the reason. The worker then takes back
 * what the wallet before got and rewards the new one, once the invoice has the new payee too.
 */
export function changeOrderPayee(
  { database, jobs }: { database: Pick<Database, 'pool'>; jobs: Jobs },
  input: ChangePayeeInput,
  caller: string,
): Promise<ChangePayeeOutput> {
  const { order_id, to, reason } = input;
  return withTransaction(database, async (tx) => {
    await lockOrders(tx, [order_id]);
    const decision = decidePayee(await loadPayee(tx, order_id), input);
    if (decision.outcome === 'refused') throw decision.error;
    if (decision.outcome === 'changed') {
      await changePayee(tx, order_id, to, { caller, reason });
      await jobs.enqueue(chargeQueue, [chargeJob(order_id)], tx);
    }
    return { order_id, ...decision };
  });
}
