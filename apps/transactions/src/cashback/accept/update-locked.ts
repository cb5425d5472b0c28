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
import type { StoredOperation } from '../operation.ts';
import { operationQueue } from '../operation-queue.ts';
import { type AcceptanceWrites, acceptOperation } from './accept-operation.ts';
import { answerRequest } from './answer-request.ts';
import { type PlannedRequest, refuseCarriedOut, repeatableSteps } from './carried-out.ts';
import { type RequestDecision, decideRequest } from './decide-request.ts';
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
  const decided = await decide(tx, { inputs, invoices, compared });
  const accepted = decided.flatMap(({ input, decision }) =>
    decision.outcome === 'accepted' ? [{ input, ...decision }] : [],
  );
  const baskets = await loadBaskets(
    tx,
    accepted.map(({ input }) => input.invoice_id),
  );
  const planned = accepted.map(({ input, invoice, completes }) => ({
    input,
    invoice,
    writes: acceptOperation(input, {
      service: invoice.service,
      wallet_policies,
      baskets: baskets.get(input.invoice_id) ?? [],
      adopted_epoch: completes ? invoice.epoch : null,
    }),
  }));
  const refusals = await refuse(tx, planned);
  const written = await write(
    tx,
    planned.filter(({ input }) => !refusals.has(input.invoice_id)).map(({ writes }) => writes),
  );
  const answered = decided.map(({ input, decision }) => ({
    input,
    ...answerRequest(
      input,
      refusals.get(input.invoice_id) ?? decision,
      written.get(input.invoice_id) ?? null,
    ),
  }));
  const unfinished = answered.flatMap(({ job }) => job ?? []);
  if (unfinished.length > 0) await jobs.enqueue(operationQueue, unfinished, tx);
  return new Map(answered.map(({ input, answer }) => [input.invoice_id, answer]));
}

/** Those that Trust carried out before a restore, by invoice. */
async function refuse(
  tx: Transaction,
  planned: readonly PlannedRequest[],
): Promise<Map<string, RequestDecision>> {
  const adopted = await findAdoptedSteps(tx, planned.flatMap(repeatableSteps));
  return new Map(
    planned.flatMap((one) => {
      const refusal = refuseCarriedOut(one, adopted);
      return refusal === null ? [] : [[one.input.invoice_id, refusal]];
    }),
  );
}

async function decide(
  tx: Transaction,
  {
    inputs,
    invoices,
    compared,
  }: {
    inputs: readonly UpdateCashbackInput[];
    invoices: readonly LockedInvoice[];
    compared: number | null;
  },
): Promise<{ input: UpdateCashbackInput; decision: RequestDecision }[]> {
  const found = new Map(invoices.map((invoice) => [invoice.invoice_id, invoice]));
  const { known, unfinished } = await loadOperations(tx, inputs);
  return inputs.map((input) => ({
    input,
    decision: decideRequest(input, {
      invoice: found.get(input.invoice_id) ?? null,
      known: known.get(input.operation_id) ?? null,
      unfinished: unfinished.get(input.invoice_id) ?? null,
      compared,
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
  for (const { invoice, adopted_epoch } of written) {
    // oxlint-disable-next-line no-await-in-loop -- a connection runs one statement at a time; only after a restore
    if (adopted_epoch !== null) await markAdopted(tx, invoice.invoice_id, adopted_epoch);
  }
  await insertCallbacks(
    tx,
    'operation.finished',
    written.flatMap(({ callback }) => callback ?? []),
  );
  return new Map(written.map(({ operation }) => [operation.invoice_id, operation]));
}
