import type { CashbackError } from '@cashback/contract';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import type { Database, Jobs, Transaction } from '@cashback/postgres';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { findAdoptedSteps } from '../../db/queries/adoption/find-adopted-steps.ts';
import { markAdopted } from '../../db/queries/adoption/mark-adopted.ts';
import { insertOperations } from '../../db/queries/operations/insert-operations.ts';
import { insertSteps } from '../../db/queries/operations/insert-steps.ts';
import { loadBaskets } from '../../db/queries/operations/load-baskets.ts';
import { loadOperations } from '../../db/queries/operations/load-operations.ts';
import type { LockedInvoice } from '../../invoices/invoice.ts';
import { operationQueue } from '../operation-queue.ts';
import type { AcceptanceWrites } from './accept-operation.ts';
import { answerRequest } from './answer-request.ts';
import { refuseCarriedOut, repeatableSteps } from './carried-out.ts';
import { decideRequests, planRequest } from './plan-request.ts';
import type { WalletPolicies } from './wallet-policies.ts';

export interface UpdateContext {
  database: Database;
  jobs: Jobs;
  wallet_policies: WalletPolicies;
  /** Where Trust has no list, the newest epoch that was compared with its export; null: it has one. */
  compared: number | null;
}

export type Result = UpdateCashbackOutput | CashbackError;

/**
 * Load, decide, apply, for requests of distinct invoices. The transaction holds the locks of those invoices that
 * exist. Returns an answer or a refusal for each, by invoice.
 */
export async function updateLocked(
  tx: Transaction,
  { jobs, wallet_policies, compared }: Omit<UpdateContext, 'database'>,
  { inputs, invoices }: { inputs: readonly UpdateCashbackInput[]; invoices: readonly LockedInvoice[] },
): Promise<Map<string, Result>> {
  const operations = await loadOperations(tx, inputs);
  const decided = decideRequests(inputs, invoices, { ...operations, compared });
  const baskets = await loadBaskets(
    tx,
    decided.filter(({ decision }) => decision.outcome === 'accepted').map(({ input }) => input.invoice_id),
  );
  const planned = decided.map((one) =>
    planRequest(one, { wallet_policies, baskets: baskets.get(one.input.invoice_id) ?? [] }),
  );
  const adopted = await findAdoptedSteps(tx, planned.flatMap(repeatableSteps));
  const requests = planned.map((one) => refuseCarriedOut(one, adopted));
  const written = await write(
    tx,
    requests.flatMap(({ writes }) => writes ?? []),
  );
  const answered = requests.map((one) => ({
    invoice_id: one.input.invoice_id,
    ...answerRequest(one, written.has(one.input.invoice_id)),
  }));
  const unfinished = answered.flatMap(({ job }) => job ?? []);
  if (unfinished.length > 0) await jobs.enqueue(operationQueue, unfinished, tx);
  return new Map(answered.map(({ invoice_id, answer }) => [invoice_id, answer]));
}

/** Returns the invoices of what it wrote. Operations whose ids were taken meanwhile are left out. */
async function write(tx: Transaction, accepted: readonly AcceptanceWrites[]): Promise<Set<string>> {
  const invoiceIds = await insertOperations(
    tx,
    accepted.map(({ operation }) => operation),
  );
  const written = accepted.filter(({ operation }) => invoiceIds.has(operation.invoice_id));
  await insertSteps(
    tx,
    written.flatMap(({ steps }) => steps),
  );
  await advanceCashbackVersions(
    tx,
    written.map(({ invoice, operation: { operation_id } }) => ({ ...invoice, operation_id })),
  );
  for (const { invoice, adopted_epoch } of written) {
    // oxlint-disable-next-line no-await-in-loop -- a connection runs one statement at a time; only after a restore
    if (adopted_epoch !== null) await markAdopted(tx, invoice.invoice_id, adopted_epoch);
  }
  await insertCallbacks(
    tx,
    'operation.finished',
    written.flatMap(({ callback }) => callback ?? []),
  );
  return invoiceIds;
}
