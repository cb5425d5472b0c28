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
  /** What its refunds do to a wallet that was spent; frozen like its steps. */
  wallet_policy: WalletPolicy;
  status: CashbackStatus;
}

/** One basket to create or to refund. `step_id` is its key at Trust. */
export interface Step {
  step_number: number;
  kind: 'topup' | 'refund';
  source: Source;
  amount: string;
  step_id: string;
  /** The basket that it creates or refunds. */
  basket_id: string;
  status: StepStatus;
  reason: string | null;
}

/** A step that is planned. */
export type NewStep = Omit<Step, 'status' | 'reason'> & { operation_id: string };

/** An operation that has not ended, with its steps in their order. */
export interface UnfinishedOperation {
  operation_id: string;
  invoice_id: string;
  version: number;
  user_id: string;
  wallet_id: string;
  currency: string;
  wallet_policy: WalletPolicy;
  attempts: number;
  steps: Step[];
}

export function isFinished(status: CashbackStatus): status is 'success' | 'failed' {
  return status === 'success' || status === 'failed';
}
