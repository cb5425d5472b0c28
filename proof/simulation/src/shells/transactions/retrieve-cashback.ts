import { parseAmounts } from '@cashback/contract';
import { type ObservedCashback, rewardedOf } from '@cashback/core';
import { type Flow, outside } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { loadBaskets } from './write-rows.ts';

const SHOWN_OPERATIONS = 20;
const REMEMBERED = 5;

/** The cashback of `POST /v2/invoice/retrieve` */
export function* retrieveCashback(world: World, invoiceId: string): Flow<ObservedCashback> {
  return yield* outside('read', () => {
    const { engine, tables, answers } = world;
    const before = answers.get(invoiceId) ?? [];
    if (before.length > 0 && engine.happens('stale_answer')) {
      const stale = before[engine.choices.below(before.length)];
      if (stale !== undefined) {
        engine.note(`transactions: ${invoiceId} is shown as it was at version ${stale.version}`);
        return stale;
      }
    }
    const operations = [...tables.cashback_operations.values()]
      .filter(({ invoice_id }) => invoice_id === invoiceId)
      .toSorted((one, other) => other.version - one.version);
    const fresh: ObservedCashback = {
      version: tables.invoices.get(invoiceId)?.cashback_version ?? 0,
      status: operations[0]?.status ?? 'success',
      rewarded: rewardedOf(loadBaskets(world, invoiceId)),
      operations: operations.slice(0, SHOWN_OPERATIONS).map(({ operation_id, status, reward, reason }) => ({
        operation_id,
        status,
        reward: parseAmounts(reward),
        ...(reason !== null && { reason }),
      })),
    };
    answers.set(invoiceId, [...before, fresh].slice(-REMEMBERED));
    return fresh;
  });
}
