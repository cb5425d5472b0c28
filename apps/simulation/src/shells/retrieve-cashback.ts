import { vectorOfAmounts } from '@cashback/contract';
import { type ObservedCashback, rewardedOf } from '@cashback/core';
import { type Flow, outside } from '../engine/flow.ts';
import type { World } from '../world.ts';

const SHOWN_OPERATIONS = 20;

/** The cashback of `POST /v2/invoice/retrieve` */
export function* retrieveCashback({ tables }: World, invoiceId: string): Flow<ObservedCashback> {
  return yield* outside('read', () => {
    const operations = [...tables.cashback_operations.values()]
      .filter(({ invoice_id }) => invoice_id === invoiceId)
      .toSorted((one, other) => other.version - one.version);
    return {
      version: tables.invoices.get(invoiceId)?.cashback_version ?? 0,
      status: operations[0]?.status ?? 'success',
      rewarded: rewardedOf(tables.baskets.get(invoiceId) ?? []),
      operations: operations.slice(0, SHOWN_OPERATIONS).map(({ operation_id, status, reward, reason }) => ({
        operation_id,
        status,
        reward: vectorOfAmounts(reward),
        ...(reason !== null && { reason }),
      })),
    };
  });
}
