import { CashbackError } from '@cashback/contract';
import { PaymentError } from '@cashback/wire';

type Refusal = CashbackError | PaymentError;

/** A refusal of a well-formed request is kept under its id, so that the id never moves money later. */
export function keptRefusal(error: unknown): Refusal {
  if (error instanceof CashbackError || error instanceof PaymentError) return error;
  throw error;
}

export function failedFor({ code, message }: Refusal): { status: 'failed'; reason: string } {
  return { status: 'failed', reason: `${code}: ${message}` };
}
