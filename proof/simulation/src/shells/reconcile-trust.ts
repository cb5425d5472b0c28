import { formatAmount } from '@cashback/contract';
import type { Difference, Pair } from '@cashback/operator/trust-difference';
import { rowOf } from '../rows.ts';
import type { Tables } from '../tables.ts';
import type { World } from '../world.ts';
import { takenBy } from './trust.ts';

type Ours = Pair['ours'];
type Exported = Pair['exported'];

/** `cashback reconcile-trust`: what Trust has, and what the steps of transactions say. */
export function reconcileTrust({ tables, decisions }: World): Difference[] {
  const ours = new Map([...stepsOf(tables), ...adoptedOf(tables)]);
  const exported = exportOf(tables);
  return [...new Set([...ours.keys(), ...exported.keys()])].flatMap((id) => {
    const [one, other] = [exported.get(id) ?? null, ours.get(id) ?? null];
    const kind = tables.trust_refunds.has(id) || isRefund(tables, id) ? 'refund' : 'basket';
    return decisions.operator.differenceOf({ kind, id, exported: one, ours: other }) ?? [];
  });
}

function isRefund({ operation_steps, adopted_steps }: Tables, id: string): boolean {
  const step = [...operation_steps.values()].find(({ step_id }) => step_id === id) ?? adopted_steps.get(id);
  return step?.kind === 'refund';
}

function stepsOf({ operation_steps, cashback_operations }: Tables): [string, Ours][] {
  return [...operation_steps.values()].map((step) => {
    const { invoice_id: order_id, wallet_id } = rowOf(cashback_operations, step.operation_id);
    const { step_id, status, basket_id, source } = step;
    const amount = step.taken ?? step.amount;
    return [step_id, { order_id, amount, status, basket_id, wallet_id, source, outside: false }];
  });
}

function adoptedOf({ adopted_steps, baskets, invoices }: Tables): [string, Ours][] {
  return [...adopted_steps.values()].map((step) => {
    const { step_id, invoice_id: order_id, basket_id } = step;
    const amount = step.taken ?? step.amount;
    const { wallet_id } = rowOf(invoices, order_id);
    const { source } = rowOf(baskets, basket_id);
    return [step_id, { order_id, amount, status: 'applied', basket_id, wallet_id, source, outside: false }];
  });
}

/** The wallet is left out of the export: after a change of payee a step is of another one. */
function exportOf({ trust_baskets, trust_refunds }: Tables): Map<string, Exported> {
  const common = { line: 1, count: 1, wallet_id: null };
  const baskets = [...trust_baskets.values()].map(({ basket_id, source, amount, status }) => {
    return [basket_id, { ...common, basket_id, source, amount: formatAmount(amount), status }] as const;
  });
  const refunds = [...trust_refunds.values()].map((refund) => {
    const { refund_id, basket_id, status } = refund;
    const amount = formatAmount(takenBy(refund));
    return [refund_id, { ...common, basket_id, source: null, amount, status }] as const;
  });
  return new Map<string, Exported>([...baskets, ...refunds]);
}
