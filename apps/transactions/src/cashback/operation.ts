/**
 * The life of an operation, which moves an invoice's cashback to a target:
 *
 *   POST /update/cashback
 *        |
 *     accepted   the plan is frozen as step rows; the invoice's cashback version + 1
 *        |       (a plan without steps ends here, as `success`)
 *        v
 *      init ---> in-progress                            one step after the other:
 *                    |                        planned -> sent -> [pending] -> applied -> the next one
 *                    |                                    \----------------> refused -> the others: skipped
 *        every step is applied, refused or skipped
 *                    v
 *            success | failed   the cashback version + 1, and the callback `operation.finished`
 *
 * A step that is not answered stays `sent` and is repeated under its id. It is never taken for refused. One that Trust has
 * with other content stays `pending`, and the operation open, until Trust has what was asked for. Each request is
 * claimed as an attempt just before it leaves, so that a step that was given up never leaves.
 */
import type { Source } from '@cashback/contract';
import type { CashbackStatus, WalletPolicy } from '@cashback/wire';
import type { StepStatus } from '../db/tables.ts';

/** What an operation asks for; it never changes. */
export interface OperationRequest {
  operation_id: string;
  invoice_id: string;
  /** The invoice's cashback version with the operation accepted: one above what its caller had seen. */
  version: number;
  user_id: string;
  wallet_id: string;
  currency: string;
  reward: { source: Source; amount: string }[];
}

export interface StoredOperation extends OperationRequest {
  /** How its refunds treat a wallet that was spent; frozen like its steps. */
  wallet_policy: WalletPolicy;
  status: CashbackStatus;
}

/** One basket to create or to refund. `step_id` is its key at Trust. */
export interface TrustStep {
  step_number: number;
  kind: 'topup' | 'refund';
  source: Source;
  amount: string;
  step_id: string;
  /** The basket that it creates or refunds. */
  basket_id: string;
  status: StepStatus;
  reason: string | null;
  /** Of the amount, what an applied refund found in the wallet; null: all of it. */
  taken: string | null;
  /** Requests that have left, or were about to. */
  attempt: number;
}

/** A step that is planned: its request has not left. */
export type PlannedTrustStep = Omit<TrustStep, 'status' | 'reason' | 'taken' | 'attempt'> & {
  operation_id: string;
};

/** An operation that has not ended, with its steps in their order. */
export interface UnfinishedOperation extends Omit<StoredOperation, 'reward' | 'status'> {
  /** Attempts in a row that brought no step further. */
  attempts: number;
  /** Why it has not ended; null: Trust has not said. */
  open_reason: string | null;
  steps: TrustStep[];
}

export function isFinished(status: CashbackStatus): status is 'success' | 'failed' {
  return status === 'success' || status === 'failed';
}

/** The invoice's cashback version after the operation: its acceptance adds one, its end another. */
export function versionAfter({ version, status }: Pick<StoredOperation, 'version' | 'status'>): number {
  return isFinished(status) ? version + 1 : version;
}
