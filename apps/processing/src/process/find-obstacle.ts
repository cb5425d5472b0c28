import { CashbackClientError } from '@cashback/client';
import { HttpCallError } from '@cashback/service';
import { compareVersions } from '@cashback/core';
import { type ChangeRow, processedVersion, seenVersion } from '../inbox/change.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';
import type { Attempt } from './attempt-state.ts';
import type { Drift, Obstacle } from './drift.ts';

const PAYEE = ['user_id', 'wallet_id', 'currency'] as const;

/** The difference that an error of an upstream states; undefined: it states none. */
export function obstacleOf({ change, known }: Attempt, error: unknown): Obstacle | undefined {
  if (error instanceof HttpCallError && error.code === 'INVOICE_NOT_FOUND') {
    // Before the first version was processed the invoice is only late.
    if (change.processed_version === 0) return undefined;
    return { class: 'invoice_missing', before: processedVersion(change), after: null };
  }
  if (!(error instanceof CashbackClientError) || error.code !== 'IMMUTABLE_FIELD') return undefined;
  const read = known.invoice;
  const isPayee = PAYEE.some((field) => field === error.details?.['field']);
  if (!isPayee || read === undefined || !('invoice' in read)) return undefined;
  return { class: 'payee_differs', before: payeeOf(known.order ?? {}), after: payeeOf(read.invoice) };
}

/** The difference to write down when an outcome has an order need attention: once, as it begins to. */
export function driftOfAttention(
  before: ChangeRow,
  after: Pick<ChangeRow, 'attention'>,
  outcome: Outcome,
): Drift[] {
  if (before.attention !== null || after.attention === null) return [];
  const obstacle = obstacleIn(before, outcome);
  if (obstacle === undefined) return [];
  return [{ order_id: before.order_id, ...obstacle, found_by: before.brought_by ?? 'job', healed: false }];
}

function obstacleIn(change: ChangeRow, outcome: Outcome): Obstacle | undefined {
  if (outcome.outcome === 'waiting' || outcome.outcome === 'attention') return outcome.obstacle;
  const seen = seenVersion(change);
  if (outcome.outcome !== 'processed' || compareVersions(outcome.invoice, seen) >= 0) return undefined;
  return { class: 'version_behind', before: seen, after: outcome.invoice };
}

function payeeOf(stated: Partial<Record<(typeof PAYEE)[number], string>>): object {
  const { user_id, wallet_id, currency } = stated;
  return { user_id, wallet_id, currency };
}
