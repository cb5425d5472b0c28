import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { lockInvoices } from '../../db/queries/invoices/lock-invoices.ts';
import { insertBaskets, refundBaskets } from '../../db/queries/operations/baskets.ts';
import { loadUnfinished } from '../../db/queries/operations/load-unfinished.ts';
import { updateOperations } from '../../db/queries/operations/update-operations.ts';
import { updateSteps } from '../../db/queries/operations/update-steps.ts';
import { type OperationName, operationQueue, pollJob } from '../operation-queue.ts';
import {
  type AdvanceLimits,
  type AdvanceWrites,
  type TrustCall,
  advanceOperation,
} from './advance-operation.ts';
import type { AnsweredStep } from './decide-advance.ts';

export interface AdvanceItem extends OperationName {
  /** The answer to the call that the last advance asked for; null before the first one. */
  answered: AnsweredStep | null;
}

/**
 * Advances a set of distinct operations in one transaction, under the locks of their invoices. Returns for each item,
 * in order, the call to make now; null when there is none.
 */
export async function advanceOperations(
  context: { database: Database; jobs: Jobs; limits: AdvanceLimits; finished: () => void },
  items: readonly AdvanceItem[],
): Promise<(TrustCall | null)[]> {
  const { database, jobs, limits, finished } = context;
  const advanced = await withTransaction(database, async (tx) => {
    await lockInvoices(tx, [...new Set(items.map(({ invoice_id }) => invoice_id))]);
    const operations = await loadUnfinished(
      tx,
      items.map(({ operation_id }) => operation_id),
    );
    const writes = items.map(({ operation_id, answered }) => {
      const operation = operations.get(operation_id);
      return operation === undefined ? null : advanceOperation(operation, answered, limits);
    });
    await write(
      tx,
      jobs,
      writes.filter((one) => one !== null),
    );
    return writes;
  });
  if (advanced.some((writes) => writes !== null && writes.callback !== null)) finished();
  return advanced.map((writes) => writes?.call ?? null);
}

async function write(tx: Transaction, jobs: Jobs, writes: readonly AdvanceWrites[]): Promise<void> {
  await updateSteps(
    tx,
    writes.flatMap(({ steps }) => steps),
  );
  await insertBaskets(
    tx,
    writes.flatMap(({ baskets }) => baskets),
  );
  await refundBaskets(
    tx,
    writes.flatMap(({ refunds }) => refunds),
  );
  await updateOperations(
    tx,
    writes.flatMap(({ operation }) => operation ?? []),
  );
  await advanceCashbackVersions(
    tx,
    writes.flatMap(({ invoice, operation }) =>
      invoice === null || operation === null ? [] : [{ ...invoice, operation_id: operation.operation_id }],
    ),
  );
  await insertCallbacks(
    tx,
    'operation.finished',
    writes.flatMap(({ callback }) => callback ?? []),
  );
  const polls = writes.flatMap(({ poll }) => (poll === null ? [] : [pollJob(poll, poll.in_ms)]));
  if (polls.length > 0) await jobs.enqueue(operationQueue, polls, tx);
}
