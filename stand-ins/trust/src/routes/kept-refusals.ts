import { CashbackError } from '@cashback/contract';

/** A refusal of a well-formed request is kept under its id, so that the id never moves money later. */
export function keptRefusal(error: unknown): CashbackError {
  if (error instanceof CashbackError) return error;
  throw error;
}

export function failedFor({ code, message }: CashbackError): { status: 'failed'; reason: string } {
  return { status: 'failed', reason: `${code}: ${message}` };
}
