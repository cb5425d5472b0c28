import { parseAmount } from '@cashback/contract';
import { storableText } from '@cashback/postgres';
import type { CallResult } from '@cashback/service';
import type { Basket, Refund } from '@cashback/wire';
import type { SendHow, StepAnswer } from './decide-advance.ts';
import { stepAnswerOf } from './trust-answer.ts';
import type { TrustRequest } from './trust-request.ts';

const BASKET_FIELDS = ['basket_id', 'wallet_id', 'user_id', 'currency', 'source', 'order_id'] as const;
const REFUND_FIELDS = ['refund_id', 'basket_id'] as const;

/** What Trust's answer says about the step that asked for this. Other content under its id ends nothing. */
export function answerToRequest(
  how: SendHow,
  asked: TrustRequest,
  result: CallResult<Basket | Refund>,
): StepAnswer {
  const difference = 'body' in result ? describeDifference(asked, result.body) : null;
  if (difference === null) return stepAnswerOf(how, result);
  return { kind: 'differs', difference: storableText(difference) };
}

/**
 * What Trust has under a step's id in place of what was asked for: each field with both values. Null when they are
 * equal; amounts are compared by value.
 */
function describeDifference(asked: TrustRequest, found: Basket | Refund): string | null {
  const differences: string[] = [];
  const compare = (field: string, ours: string, theirs: unknown): void => {
    if (ours !== theirs) differences.push(`${field}: asked for ${ours}, Trust has ${String(theirs)}`);
  };
  if (asked.kind === 'topup') {
    for (const field of BASKET_FIELDS)
      compare(field, asked.body[field], 'wallet_id' in found && found[field]);
  } else {
    for (const field of REFUND_FIELDS)
      compare(field, asked.body[field], 'refund_id' in found && found[field]);
  }
  if (parseAmount(asked.body.amount) !== parseAmount(found.amount)) {
    compare('amount', asked.body.amount, found.amount);
  }
  if (
    'taken' in found &&
    typeof found.taken === 'string' &&
    parseAmount(found.taken) > parseAmount(asked.body.amount)
  ) {
    compare('taken', `at most ${asked.body.amount}`, found.taken);
  }
  return differences.length === 0 ? null : differences.join('; ');
}
