import { CashbackError, formatAmounts, parseAmounts } from '@cashback/contract';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import { type BasketState, planBaskets } from '@cashback/core';
import type { Database, Jobs, Transaction } from '@cashback/postgres';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { insertOperations } from '../../db/queries/operations/insert-operations.ts';
import { insertSteps } from '../../db/queries/operations/insert-steps.ts';
import { loadBaskets } from '../../db/queries/operations/load-baskets.ts';
import { loadOperations } from '../../db/queries/operations/load-operations.ts';
import type { LockedInvoice } from '../../db/queries/invoices/lock-invoices.ts';
import { bodyMismatch, decideRequest } from './decide-request.ts';
import { type NewStep, type StoredOperation, isFinished } from '../operation.ts';
import { immediateJob, operationQueue } from '../operation-queue.ts';
import { planSteps } from './plan-steps.ts';
import { type WalletPolicies, walletPolicyOf } from '../wallet-policies.ts';

export interface UpdateContext {
  database: Database;
  jobs: Jobs;
  wallet_policies: WalletPolicies;
}

export type Result = UpdateCashbackOutput | CashbackError;

/**
 * Load, decide, apply, for requests of distinct invoices whose locks the transaction holds, as far as there are such
 * invoices. An answer or a refusal for each, by invoice.
 */
export async function updateLocked(
  tx: Transaction,
  { jobs, wallet_policies }: Omit<UpdateContext, 'database'>,
  { inputs, invoices }: { inputs: readonly UpdateCashbackInput[]; invoices: readonly LockedInvoice[] },
): Promise<Map<string, Result>> {
  const found = new Map(invoices.map((invoice) => [invoice.invoice_id, invoice]));
  const { known, unfinished } = await loadOperations(tx, inputs);
  const decided = inputs.map((input) => ({
    input,
    decision: decideRequest(input, {
      invoice: found.get(input.invoice_id) ?? null,
      known: known.get(input.operation_id) ?? null,
      unfinished: unfinished.get(input.invoice_id) ?? null,
    }),
  }));
  const accepted = decided.flatMap(({ input, decision }) =>
    decision.outcome === 'accepted' ? [{ input, service: decision.invoice.service }] : [],
  );
  const baskets = await loadBaskets(
    tx,
    accepted.map(({ input }) => input.invoice_id),
  );
  const written = await writeOperations(
    tx,
    accepted.map(({ input, service }) =>
      newOperation(input, service, wallet_policies, baskets.get(input.invoice_id)),
    ),
  );
  const results = decided.map(({ input, decision }): StoredOperation | CashbackError => {
    if (decision.outcome === 'refused') return decision.error;
    if (decision.outcome === 'known') return decision.operation;
    // Else the id was taken meanwhile, for an invoice with another lock.
    return written.get(input.invoice_id) ?? bodyMismatch(input.operation_id, ['invoice_id']);
  });
  const toDo = results.flatMap((result) =>
    result instanceof CashbackError || isFinished(result.status) ? [] : [immediateJob(result)],
  );
  if (toDo.length > 0) await jobs.enqueue(operationQueue, toDo, tx);
  return new Map(
    decided.map(({ input }, index) => {
      const result = results[index] as StoredOperation | CashbackError;
      return [input.invoice_id, result instanceof CashbackError ? result : answer(result)];
    }),
  );
}

type NewOperation = { operation: StoredOperation; steps: NewStep[] };

function newOperation(
  input: UpdateCashbackInput,
  service: string,
  policies: WalletPolicies,
  baskets: readonly BasketState[] = [],
): NewOperation {
  const target = parseAmounts(input.reward);
  const steps = planSteps(input.operation_id, planBaskets(target, baskets));
  const operation: StoredOperation = {
    ...input,
    version: input.version + 1,
    reward: formatAmounts(target),
    wallet_policy: walletPolicyOf(policies, service),
    status: steps.length === 0 ? 'success' : 'init',
  };
  return { operation, steps };
}

/** Those whose ids are taken are left out of what it returns, by invoice. */
async function writeOperations(
  tx: Transaction,
  accepted: readonly NewOperation[],
): Promise<Map<string, StoredOperation>> {
  const ids = await insertOperations(
    tx,
    accepted.map(({ operation }) => operation),
  );
  const written = accepted.filter(({ operation }) => ids.has(operation.invoice_id));
  const operations = written.map(({ operation }) => operation);
  await insertSteps(
    tx,
    written.flatMap(({ steps }) => steps),
  );
  await advanceCashbackVersions(
    tx,
    operations.map((operation) => ({ invoice_id: operation.invoice_id, version: versionOf(operation) })),
  );
  const ended = operations.flatMap(({ invoice_id, operation_id, status }) =>
    isFinished(status) ? [{ invoice_id, operation_id, status }] : [],
  );
  await insertCallbacks(tx, 'operation.finished', ended);
  return new Map(operations.map((operation) => [operation.invoice_id, operation]));
}

/** The invoice's cashback version after the operation: its acceptance moves it by one, its end by another. */
function versionOf({ version, status }: StoredOperation): number {
  return isFinished(status) ? version + 1 : version;
}

function answer(operation: StoredOperation): UpdateCashbackOutput {
  return { operation_id: operation.operation_id, status: operation.status, version: versionOf(operation) };
}
