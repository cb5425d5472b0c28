import type { NewOperation } from '@cashback/cashback-db';
import type { UpdateAnswer } from '@cashback/core';
import type { CallResult, HttpCallError } from '@cashback/service';
import type { StatedHistory, UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import * as z from 'zod';
import { type CallFailure, classifyError } from './classify-error.ts';

/** An answer with this field is about an invoice at all. Any other may come from a proxy in between, and passes. */
export const anyInvoice = z.looseObject({ invoice_id: z.string() });
export type InvoiceAnswer = z.infer<typeof anyInvoice>;

export type RetrieveAnswer =
  | { kind: 'answered'; invoice: InvoiceAnswer }
  | { kind: 'failed'; failure: CallFailure; error: HttpCallError };

export function retrieveAnswerOf(result: CallResult<InvoiceAnswer>): RetrieveAnswer {
  if ('body' in result) return { kind: 'answered', invoice: result.body };
  const { error } = result;
  return { kind: 'failed', failure: classifyError(error), error };
}

/** What `/update/cashback` says about the operation that was sent. */
export function updateAnswerOf(
  { operation_id }: NewOperation,
  result: CallResult<UpdateCashbackOutput>,
): UpdateAnswer {
  if ('error' in result) {
    const failure = classifyError(result.error);
    return failure.kind === 'unknown' ? { kind: 'unknown', message: result.error.message } : failure;
  }
  const { body } = result;
  if (body.operation_id === operation_id) return { kind: 'accepted', status: body.status };
  return { kind: 'unknown', message: `the answer is about operation ${body.operation_id}` };
}

/** A repeat of an operation sends exactly the same body, but for what is stated of the invoice. */
export function updateBodyOf(operation: NewOperation, history?: StatedHistory): UpdateCashbackInput {
  const { order_id, operation_id, version, user_id, wallet_id, currency, reward } = operation;
  return {
    invoice_id: order_id,
    operation_id,
    version,
    user_id,
    wallet_id,
    currency,
    // A stored reward has its keys in another order than the one that was sent first.
    reward: reward.map(({ source, amount }) => ({ source, amount })),
    ...(history !== undefined && { history }),
  };
}
