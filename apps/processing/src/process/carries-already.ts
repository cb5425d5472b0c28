import { type RegisterInput, equalAmounts, parseValues } from '@cashback/contract';
import { compareVersions } from '@cashback/core';
import { versionOf } from '../inbox/invoice-version.ts';
import type { Attempt } from './attempt-state.ts';
import { comparesAgain } from './find-drifts.ts';

const STATED = ['service', 'user_id', 'wallet_id', 'currency', 'cleared_sum'] as const;

/**
 * Whether an audit finds nothing: the server has all that a register would state. Then it registers nothing, because even
 * an unchanged register is a request to the worker. Every other trigger registers the order.
 */
export function carriesAlready(attempt: Attempt, input: RegisterInput): boolean {
  const { order = null } = attempt.known;
  const invoice = versionOf(input);
  if (order === null || attempt.change.brought_by !== 'audit' || !comparesAgain(attempt, invoice))
    return false;
  const { invoice_epoch, invoice_version } = order;
  if (invoice_version === undefined) return false;
  return (
    compareVersions(versionOf({ invoice_epoch, invoice_version }), invoice) === 0 &&
    STATED.every((field) => order[field] === input[field]) &&
    equalAmounts(parseValues(order.target), parseValues(input.cashback_by_source ?? []))
  );
}
