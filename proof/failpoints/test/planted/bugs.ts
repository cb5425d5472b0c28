import type { AppName } from '@cashback/system';
import type { Bug } from './plant.ts';

export interface PlantedBug extends Bug {
  /** The app whose process has it. */
  app: AppName;
}

const DECIDE_STEP = 'apps/worker/src/reconcile/decide-step.ts';
const DECIDE_CHARGE = 'packages/libraries/core/src/decide-charge.ts';
const DECIDE_REGISTER = 'packages/libraries/core/src/decide-register.ts';
const INSERT_ORDERS = 'packages/libraries/cashback-db/src/queries/orders/insert-orders.ts';
const LOAD_ORDERS = 'packages/libraries/cashback-db/src/queries/orders/load-orders.ts';
const REGISTER = 'apps/server/src/register/create-register.ts';
const DECIDE_ADOPTION = 'apps/wallet/src/decide-adoption.ts';

export const BUGS = {
  no_row_lock: {
    name: 'register decides on rows that it has not locked',
    app: 'server',
    pieces: [
      {
        file: INSERT_ORDERS,
        from: 'DO UPDATE SET updated_at = order_clears.updated_at WHERE false',
        to: 'DO NOTHING',
      },
    ],
  },
  lock_and_read_in_one_statement: {
    name: 'register locks the order and reads its events in one statement',
    app: 'server',
    pieces: [
      {
        // An order that is there is left to the other statement.
        file: INSERT_ORDERS,
        from: 'ORDER BY order_id COLLATE "C"',
        to: `WHERE NOT EXISTS (SELECT FROM cashback.order_clears AS known WHERE known.order_id = input.order_id)
          ORDER BY order_id COLLATE "C"`,
      },
      {
        file: LOAD_ORDERS,
        from: 'WHERE order_id = ANY($1::text[])',
        to: 'WHERE order_id = ANY($1::text[]) FOR UPDATE',
      },
      {
        // A sum that contradicts the events read with it would be refused.
        file: LOAD_ORDERS,
        from: 'problem: findTargetProblem(target, parseAmount(cashback_sum))',
        to: 'problem: null',
      },
    ],
  },
  enqueue_after_commit: {
    name: 'register queues the work after its COMMIT',
    app: 'server',
    pieces: [
      {
        file: REGISTER,
        from: 'run: (inputs) => withTransaction(database, (tx) => registerOrders(tx, jobs, inputs, breaker)),',
        to: `run: async (inputs) => {
          const later: Parameters<Jobs['enqueue']>[] = [];
          const noted = { ...jobs, enqueue: async (...job: Parameters<Jobs['enqueue']>) => void later.push(job) };
          const results = await withTransaction(database, (tx) => registerOrders(tx, noted as Jobs, inputs, breaker));
          for (const [queue, charges] of later) await jobs.enqueue(queue, charges);
          return results;
        },`,
      },
    ],
  },
  greater_or_equal_for_greater: {
    name: 'a register of the stored invoice version counts as stale',
    app: 'server',
    pieces: [
      {
        file: DECIDE_REGISTER,
        from: 'age < 0',
        to: 'stored !== null && age <= 0',
      },
    ],
  },
  new_operation_id_on_retry: {
    name: 'an operation is sent again under another id',
    app: 'worker',
    pieces: [
      {
        file: DECIDE_STEP,
        from: 'const repeated = decision.repeat !== null && operation !== null;',
        to: 'const repeated = false && operation !== null;',
      },
      {
        // An id from content stays the same by itself.
        file: DECIDE_STEP,
        from: 'operation_id: operationIdOf(order_id, content, again)',
        to: 'operation_id: operationIdOf(order_id, content, again + Math.floor(Math.random() * 1e9))',
      },
    ],
  },
  settle_on_stale_poll: {
    name: 'an answer about an order that has moved on since settles it',
    app: 'worker',
    pieces: [
      {
        file: DECIDE_STEP,
        from: "if (hasMovedOn(seen, order)) return { action: 'retry_now' };",
        to: '',
      },
      {
        file: DECIDE_CHARGE,
        from: 'if (isOlder(input)) return waitForNewerAnswer(input);',
        to: '',
      },
    ],
  },
  sequence_ignored: {
    name: 'the wallet takes whatever balance comes last',
    app: 'wallet',
    pieces: [
      {
        file: DECIDE_ADOPTION,
        from: 'if (cached !== null && comparePositions(position, cached) <= 0) return null;',
        to: '',
      },
    ],
  },
} as const satisfies Record<string, PlantedBug>;
