import type { Charge, ChargeOrder, PastOperation } from '@cashback/cashback-db';
import {
  type Finished,
  type HistoryDecision,
  type ObservedCashback,
  compareVersions,
  decideHistory,
} from '@cashback/core';
import { formatAmounts } from '@cashback/contract';
import type { NewOperation } from '@cashback/cashback-db';

export type PastDecision = HistoryDecision<PastOperation>;

/**
 * What is left to do for an invoice that may have lost operations, by those that are recorded here. Null: nothing may be
 * missing, or the answer decides nothing yet. `finished`: the open operation ends by this observation.
 */
export function decidePast(
  cashback: ObservedCashback,
  { order, past }: Charge,
  finished: Finished | null,
): PastDecision | null {
  const { epoch, version, status } = cashback;
  if (cashback.history !== 'unknown' || epoch === null) return null;
  const known = { epoch: order.cashback_epoch, version: order.cashback_version };
  if (compareVersions({ epoch, version }, known) < 0) return null;
  if (status === 'init' || status === 'in-progress') return null;
  const { operations, ...more } = past ?? { operations: [], has_older: true, restored_at: null };
  return decideHistory(cashback, {
    epoch,
    payee: payeeOf(order),
    past: {
      ...more,
      operations: operations.map((one) =>
        one.operation_id === finished?.operation_id
          ? { ...one, outcome: finished.outcome, rewarded: cashback.rewarded }
          : one,
      ),
    },
  });
}

function payeeOf({
  user_id,
  wallet_id,
  currency,
}: ChargeOrder): Pick<ChargeOrder, 'user_id' | 'wallet_id' | 'currency'> {
  return { user_id, wallet_id, currency };
}

/** As it was recorded, to be sent again. */
export function recordedOperation({ order_id }: ChargeOrder, operation: PastOperation): NewOperation {
  const { outcome: _outcome, rewarded: _rewarded, created_at: _created_at, reward, ...recorded } = operation;
  return { ...recorded, order_id, reward: formatAmounts(reward) };
}
