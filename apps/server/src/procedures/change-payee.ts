import { changePayee, chargeQueue, loadPayee, lockOrders } from '@cashback/cashback-db';
import { CashbackError, type ChangePayeeInput, type ChangePayeeOutput } from '@cashback/contract';
import { type Database, type Jobs, withTransaction } from '@cashback/postgres';
import { planPayee } from '../payee/plan-payee.ts';

/**
 * Changes the payee of an order as a new revision, with a record of the caller and the reason. The worker then takes back
 * what the wallet before got and rewards the new one, once the invoice has the new payee too.
 */
export function changeOrderPayee(
  { database, jobs }: { database: Pick<Database, 'pool'>; jobs: Jobs },
  input: ChangePayeeInput,
  caller: string,
): Promise<ChangePayeeOutput> {
  const { order_id, reason } = input;
  return withTransaction(database, async (tx) => {
    await lockOrders(tx, [order_id]);
    const { to, job, answer } = planPayee(await loadPayee(tx, order_id), input);
    if (answer instanceof CashbackError) throw answer;
    if (to !== null) await changePayee(tx, order_id, to, { caller, reason });
    if (job !== null) await jobs.enqueue(chargeQueue, [job], tx);
    return answer;
  });
}
