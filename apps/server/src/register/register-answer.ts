import {
  type AmountsBySource,
  CashbackError,
  type RegisterOutput,
  formatAmount,
  totalOf,
} from '@cashback/contract';
import { valuesOfAllSources } from '../all-sources.ts';
import type { DecidedCall } from './decide-call.ts';

/** What is stored after the call, or why it was refused. */
export function answerOf({ input, stored, decision }: DecidedCall): RegisterOutput | CashbackError {
  if (decision.outcome === 'refused') {
    const { code, message, details } = decision;
    return new CashbackError(code, message, { order_id: input.order_id, ...details });
  }
  if (decision.outcome === 'registered') {
    const { invoice_epoch, revision, target } = decision;
    return answer(decision.outcome, revision, { ...input, invoice_epoch }, target);
  }
  if (stored === null) throw new Error(`${input.order_id} is ${decision.outcome} without being stored`);
  const newer = decision.outcome === 'unchanged' && decision.newer_version;
  const invoice = newer ? { ...input, invoice_epoch: decision.invoice_epoch } : stored;
  return answer(decision.outcome, stored.revision, invoice, stored.target);
}

function answer(
  outcome: RegisterOutput['outcome'],
  revision: number,
  { invoice_epoch, invoice_version }: Pick<RegisterOutput, 'invoice_epoch' | 'invoice_version'>,
  target: AmountsBySource,
): RegisterOutput {
  return {
    need_processing: true,
    outcome,
    revision,
    invoice_epoch,
    invoice_version,
    cashback_sum: formatAmount(totalOf(target)),
    cashback_by_source: valuesOfAllSources(target),
  };
}
