import {
  type OperationFinishedCallback,
  type UpdateCashbackInput,
  type UpdateCashbackOutput,
  type WalletPolicy,
  amountsOfVector,
  formatAmount,
  vectorOfAmounts,
} from '@cashback/contract';
import { planBaskets } from '@cashback/core';
import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { advanceCashbackVersions } from '../db/queries/advance-cashback-versions.ts';
import { insertCallbacks } from '../db/queries/insert-callbacks.ts';
import { insertOperation } from '../db/queries/insert-operation.ts';
import { insertSteps } from '../db/queries/insert-steps.ts';
import { loadBaskets } from '../db/queries/load-baskets.ts';
import { loadOperations } from '../db/queries/load-operations.ts';
import { lockInvoice } from '../db/queries/lock-invoices.ts';
import { bodyMismatch, decideRequest } from './decide-request.ts';
import { type StoredOperation, isFinished } from './operation.ts';
import { immediateJob, operationQueue } from './operation-queue.ts';
import { stepId } from './step-id.ts';
import { type WalletPolicies, walletPolicyOf } from './wallet-policies.ts';

/**
 * Accepts a request to move an invoice's cashback to a target: freezes which baskets to create and to refund, and
 * leaves the work to a job. A request that was accepted before is answered with where it stands, and set going again.
 */
export function updateCashback(
  context: { database: Database; jobs: Jobs; wallet_policies: WalletPolicies },
  input: UpdateCashbackInput,
): Promise<UpdateCashbackOutput> {
  const { database, jobs, wallet_policies } = context;
  return withTransaction(database, async (tx) => {
    const invoice = await lockInvoice(tx, input.invoice_id);
    const found = await loadOperations(tx, input);
    const decision = decideRequest(input, { invoice, ...found });
    if (decision.outcome === 'refused') throw decision.error;
    const operation =
      decision.outcome === 'known'
        ? decision.operation
        : await accept(tx, input, walletPolicyOf(wallet_policies, decision.invoice.service));
    if (!isFinished(operation.status)) {
      await jobs.enqueue(operationQueue, [immediateJob(operation)], tx);
    }
    return answer(operation);
  });
}

async function accept(
  tx: Transaction,
  input: UpdateCashbackInput,
  wallet_policy: WalletPolicy,
): Promise<StoredOperation> {
  const { invoice_id, operation_id } = input;
  const target = vectorOfAmounts(input.reward);
  const plan = planBaskets(target, await loadBaskets(tx, invoice_id));
  const operation: StoredOperation = {
    ...input,
    version: input.version + 1,
    reward: amountsOfVector(target),
    wallet_policy,
    status: plan.length === 0 ? 'success' : 'init',
  };
  // Taken meanwhile, for an invoice with another lock.
  if (!(await insertOperation(tx, operation))) throw bodyMismatch(operation_id, ['invoice_id']);
  await insertSteps(
    tx,
    operation_id,
    plan.map((step, index) => {
      const step_id = stepId(operation_id, index + 1);
      return {
        step_number: index + 1,
        kind: step.kind,
        source: step.source,
        amount: formatAmount(step.amount),
        step_id,
        basket_id: step.kind === 'topup' ? step_id : step.basket_id,
      };
    }),
  );
  await advanceCashbackVersions(tx, [{ invoice_id, version: versionOf(operation) }]);
  if (isFinished(operation.status)) {
    const finished: OperationFinishedCallback = { invoice_id, operation_id, status: operation.status };
    await insertCallbacks(tx, 'operation.finished', [finished]);
  }
  return operation;
}

/** The invoice's cashback version after the operation: its acceptance moves it by one, its end by another. */
function versionOf({ version, status }: StoredOperation): number {
  return isFinished(status) ? version + 1 : version;
}

function answer(operation: StoredOperation): UpdateCashbackOutput {
  return { operation_id: operation.operation_id, status: operation.status, version: versionOf(operation) };
}
