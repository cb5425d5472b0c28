import type { CashbackError } from '@cashback/contract';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import type { Database, Jobs, Transaction } from '@cashback/postgres';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { findAdoptedSteps } from '../../db/queries/adoption/find-adopted-steps.ts';
import { insertOperations } from '../../db/queries/operations/insert-operations.ts';
import { insertSteps } from '../../db/queries/operations/insert-steps.ts';
import { loadBaskets } from '../../db/queries/operations/load-baskets.ts';
import { loadOperations } from '../../db/queries/operations/load-operations.ts';
import { FIRST_EPOCH, type LockedInvoice } from '../../invoices/invoice.ts';
import type { StoredOperation } from '../operation.ts';
import { operationQueue } from '../operation-queue.ts';
import { type AcceptanceWrites, acceptOperation } from './accept-operation.ts';
import { answerRequest } from './answer-request.ts';
import { type RequestDecision, carriedOutBefore, decideRequest } from './decide-request.ts';
import type { WalletPolicies } from './wallet-policies.ts';

export interface UpdateContext {
  database: Database;
  jobs: Jobs;
  wallet_policies: WalletPolicies;
}

export type Result = UpdateCashbackOutput | CashbackError;

/**
 * Load, decide, apply, for requests of distinct invoices. The transaction holds the locks of those invoices that
 * exist. Returns an answer or a refusal for each, by invoice.
 */
export async function updateLocked(
  tx: Transaction,
  { jobs, wallet_policies }: Omit<UpdateContext, 'database'>,
  { inputs, invoices }: { inputs: readonly UpdateCashbackInput[]; invoices: readonly LockedInvoice[] },
): Promise<Map<string, Result>> {
  const decided = await decide(tx, inputs, invoices);
  const accepted = decided.flatMap(({ input, decision }) =>
    decision.outcome === 'accepted' ? [{ input, invoice: decision.invoice }] : [],
  );
  const baskets = await loadBaskets(
    tx,
    accepted.map(({ input }) => input.invoice_id),
  );
  const planned = accepted.map(({ input, invoice: { service, reconciled_epoch } }) => ({
    isRestored: reconciled_epoch > FIRST_EPOCH,
    writes: acceptOperation(input, {
      service,
      wallet_policies,
      baskets: baskets.get(input.invoice_id) ?? [],
    }),
  }));
  const carriedOut = await findCarriedOut(tx, planned);
  const written = await write(
    tx,
    planned.map(({ writes }) => writes).filter(({ operation }) => !carriedOut.has(operation.invoice_id)),
  );
  const answered = decided.map(({ input, decision }) => ({
    input,
    ...answerRequest(
      input,
      carriedOut.has(input.invoice_id) ? { outcome: 'refused', error: carriedOutBefore(input) } : decision,
      written.get(input.invoice_id) ?? null,
    ),
  }));
  const unfinished = answered.flatMap(({ job }) => job ?? []);
  if (unfinished.length > 0) await jobs.enqueue(operationQueue, unfinished, tx);
  return new Map(answered.map(({ input, answer }) => [input.invoice_id, answer]));
}

/**
 * The invoices whose operation has a step that Trust carried out before a restore. Its repeat would move nothing, and
 * would be counted once more.
 */
async function findCarriedOut(
  tx: Transaction,
  planned: readonly { isRestored: boolean; writes: AcceptanceWrites }[],
): Promise<Set<string>> {
  const steps = planned.flatMap(({ isRestored, writes }) =>
    isRestored
      ? writes.steps.map(({ step_id }) => ({ step_id, invoice_id: writes.operation.invoice_id }))
      : [],
  );
  const adopted = await findAdoptedSteps(
    tx,
    steps.map(({ step_id }) => step_id),
  );
  return new Set(steps.filter(({ step_id }) => adopted.has(step_id)).map(({ invoice_id }) => invoice_id));
}

async function decide(
  tx: Transaction,
  inputs: readonly UpdateCashbackInput[],
  invoices: readonly LockedInvoice[],
): Promise<{ input: UpdateCashbackInput; decision: RequestDecision }[]> {
  const found = new Map(invoices.map((invoice) => [invoice.invoice_id, invoice]));
  const { known, unfinished } = await loadOperations(tx, inputs);
  return inputs.map((input) => ({
    input,
    decision: decideRequest(input, {
      invoice: found.get(input.invoice_id) ?? null,
      known: known.get(input.operation_id) ?? null,
      unfinished: unfinished.get(input.invoice_id) ?? null,
    }),
  }));
}

/** Returns what it wrote, by invoice. Operations whose ids were taken meanwhile are left out. */
async function write(
  tx: Transaction,
  accepted: readonly AcceptanceWrites[],
): Promise<Map<string, StoredOperation>> {
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
  await insertCallbacks(
    tx,
    'operation.finished',
    written.flatMap(({ callback }) => callback ?? []),
  );
  return new Map(written.map(({ operation }) => [operation.invoice_id, operation]));
}
