import type { ChargeOrder } from '@cashback/cashback-db';
import type { DriftFinder } from '@cashback/core';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { createGate } from './gate.ts';

/** The orders that the reconciler works on now. */
export interface RunningOrders {
  /** Rejects as the reconciler does. */
  start(order: ChargeOrder, found_by: DriftFinder): Promise<void>;
  /** Ids of the orders whose newest step has not ended. */
  ids(): string[];
  /** How many more may start now. */
  room(): number;
  /** Resolves when there is room, or the signal aborts. */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Resolves when no order runs. */
  idle(): Promise<void>;
}

export interface RunningOptions {
  /** Most orders that run at once. A call that hangs takes one place, not that of its whole batch. */
  max_in_flight: number;
  /** Called after a step whose next one is due at once. */
  onDue: () => void;
}

export function createRunningOrders(
  reconciler: Reconciler,
  { max_in_flight, onDue }: RunningOptions,
): RunningOrders {
  const running = new Set<Promise<void>>();
  /** By order. A step that hangs is not in it once a later step of its order has started. */
  const newest = new Map<string, Promise<void>>();
  const room = createGate(() => running.size < max_in_flight);

  function ended(orderId: string, step: Promise<void>): void {
    running.delete(step);
    if (newest.get(orderId) === step) newest.delete(orderId);
    room.check();
  }

  return {
    start(order, found_by) {
      const { order_id } = order;
      const step: Promise<void> = reconciler
        .reconcile(order, found_by)
        .finally(() => ended(order_id, step))
        .then(({ due_now }) => {
          if (due_now) onDue();
        });
      running.add(step);
      newest.set(order_id, step);
      return step;
    },
    ids: () => [...newest.keys()],
    room: () => Math.max(0, max_in_flight - running.size),
    untilRoom: (signal) => room.untilOpen(signal),
    async idle() {
      await Promise.allSettled(running);
    },
  };
}
