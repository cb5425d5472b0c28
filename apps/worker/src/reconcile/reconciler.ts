import { type ChargeOrder, type SoonerPoll, hastenPolls } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { createBatcher } from '@cashback/service';
import { type Observed, type Sending, applyDecisions } from './apply-steps.ts';
import type { WorkerContext } from '../context.ts';
import { createGate } from '../schedule/gate.ts';
import { observeInvoice } from './observe-invoice.ts';
import { sendOperation } from './send-operation.ts';

export interface Charger {
  /** Brings an order one step on. Rejects for a fault on our side only, such as a database that is away. */
  charge(order: ChargeOrder): Promise<void>;
  /** Ids of the orders whose newest look has not ended. */
  charging(): string[];
  /** How many orders more may be charged now. */
  room(): number;
  /** Resolves when there is room, or the signal aborts. */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Resolves when no order is being charged. */
  idle(): Promise<void>;
}

export interface ChargerOptions {
  /** Most orders whose decisions are written in one transaction. */
  group_size: number;
  /** Most orders that are charged at once; an order whose call hangs takes one place, not its batch's. */
  max_in_flight: number;
  /** Told after a step whose next one is due at once. */
  onDue: () => void;
}

const GROUPS_AT_ONCE = 2;
/** Answers that arrive in a stream are written together. */
const INTERVAL = { interval_ms: 50, flush_at: 25 };

/**
 * Takes the invoice of each order, compares what it carries with the newest event of each source, and where they
 * differ sends the target to `/update/cashback`. What is not finished yet is looked at again later; what carries its
 * target is settled. Each order goes at its own pace: decisions are written in groups as the answers come.
 */
export function createCharger(context: WorkerContext, options: ChargerOptions): Charger {
  const { group_size, max_in_flight, onDue } = options;
  const running = new Set<Promise<void>>();
  /** By order; a look that hangs is none of them once a later one was begun. */
  const newest = new Map<string, Promise<void>>();
  const applyDecision = createBatcher<Observed, Sending | null>({
    keyOf: ({ order }) => order.order_id,
    max_size: group_size,
    concurrency: GROUPS_AT_ONCE,
    ...INTERVAL,
    run: (group) => applyDecisions(context, group, onDue),
  });

  const hasten = createBatcher<SoonerPoll, void>({
    keyOf: ({ order_id }) => order_id,
    max_size: group_size,
    concurrency: 1,
    ...INTERVAL,
    async run(group) {
      await withTransaction(context.database, (tx) => hastenPolls(tx, group));
      return [];
    },
  });

  const room = createGate(() => running.size < max_in_flight);

  async function chargeOrder(order: ChargeOrder): Promise<void> {
    const observation = await observeInvoice(context, order);
    const sending = await applyDecision({ order, observation });
    if (sending !== null) await sendOperation(context, sending, { onDue, hasten });
  }

  function ended(orderId: string, charging: Promise<void>): void {
    running.delete(charging);
    if (newest.get(orderId) === charging) newest.delete(orderId);
    room.look();
  }

  return {
    charge(order) {
      const { order_id } = order;
      const charging: Promise<void> = chargeOrder(order).finally(() => ended(order_id, charging));
      running.add(charging);
      newest.set(order_id, charging);
      return charging;
    },
    charging: () => [...newest.keys()],
    room: () => Math.max(0, max_in_flight - running.size),
    untilRoom: (signal) => room.untilOpen(signal),
    async idle() {
      await Promise.allSettled(running);
    },
  };
}
