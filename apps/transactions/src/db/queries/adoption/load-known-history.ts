import { type Source, parseAmount } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';
import type { KnownHistory } from '../../../cashback/adopt/decide-adoption.ts';

const loadAllBasketsStatement = statement<{
  basket_id: string;
  source: Source;
  amount: string;
  refunded: string;
}>({
  name: 'transactions.load-all-baskets',
  text: `
  SELECT basket_id, source, amount, refunded FROM transactions.baskets
  WHERE invoice_id = $1 ORDER BY version, step_number`,
  columns: { basket_id: 'text', source: 'text', amount: 'numeric', refunded: 'numeric' },
});

const loadAppliedStepsStatement = statement<{ step_id: string }>({
  name: 'transactions.load-applied-steps',
  text: `
  SELECT step.step_id
  FROM transactions.cashback_operations AS operation
  JOIN transactions.operation_steps AS step ON step.operation_id = operation.operation_id
  WHERE operation.invoice_id = $1 AND step.status = 'applied'
  UNION ALL
  SELECT step_id FROM transactions.adopted_steps WHERE invoice_id = $1`,
  columns: { step_id: 'text!' },
});

/** What is known here of what an invoice carries. The transaction holds its lock. */
export async function loadKnownHistory(
  tx: Transaction,
  {
    invoice_id,
    cashback_version,
    wallet_id,
  }: { invoice_id: string; cashback_version: number; wallet_id: string },
): Promise<KnownHistory> {
  const baskets = await loadAllBasketsStatement.rows(tx.client, [invoice_id]);
  const steps = await loadAppliedStepsStatement.rows(tx.client, [invoice_id]);
  return {
    invoice_id,
    cashback_version,
    wallet_id,
    baskets: baskets.map(({ amount, refunded, ...basket }) => ({
      ...basket,
      amount: parseAmount(amount),
      refunded: parseAmount(refunded),
    })),
    step_ids: new Set(steps.map(({ step_id }) => step_id)),
  };
}
