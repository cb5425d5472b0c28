import { type Amount, formatAmount, parseAmount } from '@cashback/contract';
import type { InvoiceStatus, InvoiceVersion, Payment } from '@cashback/wire';
import { capturedSum } from '../payments.ts';

/** What a version states of the money. */
export interface StatedMoney {
  status: InvoiceStatus;
  payments: readonly Payment[];
}

export type ExplainedChange = Pick<InvoiceVersion, 'captured_sum' | 'change' | 'captured_change' | 'items'>;

/** The change from one version to the next; `before` is null for the first. */
export function explainChange(before: StatedMoney | null, after: StatedMoney): ExplainedChange {
  const capturedBefore = before === null ? 0n : capturedSum(before.status, before.payments);
  const captured = capturedSum(after.status, after.payments);
  return {
    captured_sum: formatAmount(captured),
    change: nameChange(before, after, captured - capturedBefore, captured),
    captured_change: formatAmount(captured - capturedBefore),
    items: changedItems(before?.payments ?? [], after.payments),
  };
}

function nameChange(
  before: StatedMoney | null,
  { status }: StatedMoney,
  grownBy: Amount,
  captured: Amount,
): ExplainedChange['change'] {
  if (status === 'cancelled') return 'cancelled';
  if (status === 'held') return before === null ? 'held' : 'hold_changed';
  if (before?.status !== 'cleared') return 'cleared';
  if (grownBy > 0n) return 'cleared_again';
  if (grownBy === 0n) return 'moved_between_items';
  return captured === 0n ? 'refunded_in_full' : 'refunded_in_part';
}

/** Lines of one payment type and item count as one, in the order in which they were first stated. */
function changedItems(before: readonly Payment[], after: readonly Payment[]): ExplainedChange['items'] {
  const lines = new Map<string, { payment_type: string; item_id: string; before: Amount; after: Amount }>();
  for (const [side, payments] of [
    ['before', before],
    ['after', after],
  ] as const) {
    for (const { payment_type, items } of payments) {
      for (const { item_id, amount } of items) {
        // Neither id can hold a space.
        const key = `${payment_type} ${item_id}`;
        const line = lines.get(key) ?? { payment_type, item_id, before: 0n, after: 0n };
        line[side] += parseAmount(amount);
        lines.set(key, line);
      }
    }
  }
  return [...lines.values()]
    .filter((line) => line.before !== line.after)
    .map((line) => ({ ...line, before: formatAmount(line.before), after: formatAmount(line.after) }));
}
