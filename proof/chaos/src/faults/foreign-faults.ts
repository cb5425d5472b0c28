import { setTimeout as sleep } from 'node:timers/promises';
import { HttpCallError } from '@cashback/service';
import { invoice, updateCashbackOutput } from '@cashback/wire';
import { type Fault, type FaultContext, HOLD_MS, holdUntil } from '../fault.ts';

const WRITES = 3;
const CANDIDATES = 20;
/** The bound that is promised: what none of our operations did is reconciled within a minute. */
const HEALED_WITHIN_MS = 60_000;

/** Faults of a second caller of `transactions`, that knows nothing of ours. */
export const FOREIGN_FAULTS: readonly Fault[] = [foreignOperation()];

/** It sets the cashback of settled orders to nothing. The feed of changes shows it; no callback and no register does. */
function foreignOperation(): Fault {
  return {
    name: 'a foreign operation on a settled order',
    lane: 'callbacks and connections',
    async fire(context) {
      const written: SettledOrder[] = [];
      const write = async (): Promise<boolean> => {
        await sleep(HOLD_MS / 5);
        for (const order of await settledOrders(context)) {
          if (written.length < WRITES && (await undoCashback(order, context))) written.push(order);
        }
        return written.length > 0;
      };
      await holdUntil(write, 0, context);
      await untilHealed(written, context);
      return written.length;
    },
  };
}

interface SettledOrder {
  order_id: string;
  revision: number;
}

/** Orders at rest, which no foreign operation has changed yet: a few in a day and order are healed, no more. */
async function settledOrders({ postgres, run, interventions }: FaultContext): Promise<SettledOrder[]> {
  return postgres.query<SettledOrder>(
    `SELECT order_id, revision FROM cashback.order_clears
      WHERE order_id LIKE $1 AND settled_revision = revision AND attention IS NULL AND cashback_sum > 0
        AND updated_at < now() - interval '3 seconds' AND NOT order_id = ANY($2)
      ORDER BY updated_at DESC LIMIT ${CANDIDATES}`,
    [`${run}-%`, [...interventions.foreign.values()]],
  );
}

async function undoCashback(
  { order_id }: SettledOrder,
  { door, interventions }: FaultContext,
): Promise<boolean> {
  const { user_id, wallet_id, currency, cashback } = await door.retryUntilAnswered(() =>
    door.transactions.post('/v2/invoice/retrieve', { invoice_id: order_id }, invoice),
  );
  const { version, status, rewarded } = cashback;
  if (status !== 'success' || rewarded.length === 0) return false;
  const operation_id = `foreign-${order_id}-${version}`;
  const body = { invoice_id: order_id, operation_id, version, user_id, wallet_id, currency, reward: [] };
  try {
    interventions.foreign.set(operation_id, order_id);
    await door.retryUntilAnswered(() =>
      door.transactions.post('/update/cashback', body, updateCashbackOutput),
    );
    return true;
  } catch (error) {
    if (!(error instanceof HttpCallError) || error.outcome !== 'refused') throw error;
    // An operation of ours was faster.
    interventions.foreign.delete(operation_id);
    return false;
  }
}

/** A drift is written down, unless a new target was registered just then: that order was not settled any more. */
async function untilHealed(orders: readonly SettledOrder[], { postgres }: FaultContext): Promise<void> {
  const deadline = performance.now() + HEALED_WITHIN_MS;
  for (;;) {
    const missing = await postgres.query<SettledOrder>(
      `SELECT order_id, o.revision FROM cashback.order_clears o
         JOIN jsonb_to_recordset($1) AS written(order_id text, revision integer) USING (order_id)
        WHERE o.revision = written.revision
          AND NOT EXISTS (SELECT FROM cashback.drifts d WHERE d.order_id = o.order_id)`,
      [JSON.stringify(orders)],
    );
    if (missing.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `foreign operations were not found within a minute: ${missing.map(({ order_id }) => order_id).join(', ')}`,
      );
    }
    await sleep(HOLD_MS / 5);
  }
}
