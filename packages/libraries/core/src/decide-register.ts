import { type Amount, formatAmount } from '@cashback/contract/amount';
import {
  SOURCES,
  type Source,
  type AmountsBySource,
  amountOf,
  equalAmounts,
  totalOf,
  formatValues,
} from '@cashback/contract/source';
import { type EpochVersion, compareVersions } from './compare-versions.ts';
import type { TargetProblem } from './stored-target.ts';

/** They identify an order's cashback. No register changes them; `change_payee` changes the user and the wallet. */
const IMMUTABLE_FIELDS = ['service', 'user_id', 'wallet_id', 'currency'] as const;

/** The largest revision, in the tables and on the wire. */
export const LAST_REVISION = 2_147_483_647;

/** A stored order; its target is the newest event of each source. */
export interface StoredOrder {
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  invoice_epoch: number;
  invoice_version: number;
  revision: number;
  target: AmountsBySource;
  /** Why the target cannot be relied on; null: it can. */
  problem?: TargetProblem | null;
}

/** A call of `register`. At least one of `by_source` and `sum` is given. */
export interface Registration {
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  /** Null: the stored one, or 1 for a new order. */
  invoice_epoch: number | null;
  invoice_version: number;
  /** Null: the caller sent `cashback_sum` alone. */
  by_source: AmountsBySource | null;
  sum: Amount | null;
  /** The revision that the caller read before any other input of its calculation; null: any revision. */
  expected_revision: number | null;
}

type Refused = {
  outcome: 'refused';
  code:
    | 'SUM_MISMATCH'
    | 'IMMUTABLE_FIELD'
    | 'UNKNOWN_SOURCE'
    | 'SUM_CONTRADICTS_EVENTS'
    | 'SOURCE_SPLIT_REQUIRED'
    | 'EXPECTED_REVISION_REQUIRED'
    | 'REVISION_CONFLICT'
    | 'REVISION_EXHAUSTED';
  message: string;
  details: Record<string, unknown>;
};

/**
 * - `stale`: a newer (epoch, version) of the invoice is stored, and nothing is written;
 * - `unchanged`: the target equals the stored one; with `newer_version`, epoch, version, cleared sum and receipt are
 *   stored;
 * - `registered`: the target is stored, with an event for each of `changes`.
 */
export type RegisterDecision =
  | { outcome: 'stale' }
  | { outcome: 'unchanged'; newer_version: boolean; invoice_epoch: number }
  | {
      outcome: 'registered';
      invoice_epoch: number;
      revision: number;
      target: AmountsBySource;
      changes: { source: Source; value: Amount }[];
    }
  | Refused;

/**
 * The effect of a call of `register` on an order. The first check that applies decides:
 *
 *   sums of the call differ            -> SUM_MISMATCH
 *   an immutable field differs         -> IMMUTABLE_FIELD
 *   unknown source in the events       -> UNKNOWN_SOURCE
 *   sum stored without its events      -> SUM_CONTRADICTS_EVENTS
 *   older (epoch, version) of invoice  -> stale
 *   sum alone, unclear split           -> SOURCE_SPLIT_REQUIRED
 *   same target                        -> unchanged   before the revision: a call that is repeated after a lost answer
 *                                                     must not be a conflict
 *   epoch given, same (epoch, version),
 *     no expected revision             -> EXPECTED_REVISION_REQUIRED
 *   other expected revision            -> REVISION_CONFLICT
 *   last revision reached              -> REVISION_EXHAUSTED
 *   otherwise                          -> registered, revision + 1
 *
 * After a restore of the invoice's side its versions start again lower, in a new epoch: (epoch, version) is compared,
 * never the version alone. A caller that gives no epoch means the stored one. The first register of an order is always registered, as revision 1, even when every source is zero.
 */
export function decideRegister(stored: StoredOrder | null, input: Registration): RegisterDecision {
  const refused =
    refuseSumMismatch(input) ?? (stored && (refuseImmutableField(stored, input) ?? refuseProblem(stored)));
  if (refused) return refused;
  const invoice_epoch = input.invoice_epoch ?? stored?.invoice_epoch ?? 1;
  const age = stored ? compareVersions(versionOf({ ...input, invoice_epoch }), versionOf(stored)) : 1;
  if (age < 0) return { outcome: 'stale' };

  const asked = askedTarget(stored, input);
  if (asked === 'split_required') return refuseSumAlone(stored?.target ?? {}, input);
  if (stored && equalAmounts(asked, stored.target)) {
    return { outcome: 'unchanged', newer_version: age > 0, invoice_epoch };
  }

  const revision = stored?.revision ?? 0;
  if (age === 0 && input.invoice_epoch !== null && input.expected_revision === null) {
    return refuseWithoutRevision(input, revision);
  }
  if (input.expected_revision !== null && input.expected_revision !== revision) {
    return refuseRevision(input.expected_revision, revision);
  }
  if (revision >= LAST_REVISION) return refuseAnyRevision(revision);
  const changed = changeTarget(stored?.target ?? {}, asked);
  return { outcome: 'registered', invoice_epoch, revision: revision + 1, ...changed };
}

function versionOf({
  invoice_epoch: epoch,
  invoice_version: version,
}: Pick<StoredOrder, 'invoice_epoch' | 'invoice_version'>): EpochVersion {
  return { epoch, version };
}

/** `cashback_sum` alone means all of it is `user`. It does not say how to split it once another source pays too. */
function askedTarget(
  stored: StoredOrder | null,
  { by_source, sum }: Registration,
): AmountsBySource | 'split_required' {
  if (by_source !== null) return by_source;
  if (sum === null) throw new TypeError('expected cashback_by_source or cashback_sum, got neither');
  const target = stored?.target ?? {};
  if (totalOf(target) === amountOf(target, 'user')) return { user: sum };
  return totalOf(target) === sum ? target : 'split_required';
}

/** Every source of either target with its new value; `changes` are those whose value differs. */
function changeTarget(
  before: AmountsBySource,
  asked: AmountsBySource,
): { target: AmountsBySource; changes: { source: Source; value: Amount }[] } {
  const values = SOURCES.filter((source) => source in before || source in asked).map((source) => ({
    source,
    value: amountOf(asked, source),
  }));
  return {
    target: Object.fromEntries(values.map(({ source, value }) => [source, value])),
    changes: values.filter(({ source, value }) => value !== amountOf(before, source)),
  };
}

function refuseSumMismatch({ by_source, sum }: Registration): Refused | null {
  if (by_source === null || sum === null || totalOf(by_source) === sum) return null;
  const cashback_sum = formatAmount(sum);
  const sum_by_source = formatAmount(totalOf(by_source));
  return {
    outcome: 'refused',
    code: 'SUM_MISMATCH',
    message: `expected cashback_sum to be the sum of cashback_by_source, ${sum_by_source}, got ${cashback_sum}`,
    details: { cashback_sum, sum_by_source },
  };
}

function refuseImmutableField(stored: StoredOrder, input: Registration): Refused | null {
  const field = IMMUTABLE_FIELDS.find((name) => stored[name] !== input[name]);
  if (field === undefined) return null;
  return {
    outcome: 'refused',
    code: 'IMMUTABLE_FIELD',
    message: `a register never changes ${field} of an order: expected "${stored[field]}", got "${input[field]}"`,
    details: { field, stored: stored[field], received: input[field] },
  };
}

/** What another release wrote, or an import, is not overwritten: nobody knows what it was. */
function refuseProblem({ problem = null }: StoredOrder): Refused | null {
  if (problem === null) return null;
  const { code, message, details } = problem;
  const refusal = code === 'unknown_source' ? 'UNKNOWN_SOURCE' : 'SUM_CONTRADICTS_EVENTS';
  return { outcome: 'refused', code: refusal, message, details };
}

function refuseSumAlone(target: AmountsBySource, { sum }: Registration): Refused {
  const stored = formatAmount(totalOf(target));
  const received = formatAmount(sum ?? 0n);
  return {
    outcome: 'refused',
    code: 'SOURCE_SPLIT_REQUIRED',
    message:
      `the order's cashback is paid by more than "user": expected cashback_by_source, ` +
      `or the stored cashback_sum ${stored}, got cashback_sum ${received}`,
    details: { cashback_sum: received, stored_sum: stored, stored_by_source: formatValues(target) },
  };
}

function refuseWithoutRevision({ invoice_epoch, invoice_version }: Registration, revision: number): Refused {
  return {
    outcome: 'refused',
    code: 'EXPECTED_REVISION_REQUIRED',
    message:
      `another target is stored for version ${invoice_version} of the invoice in epoch ${invoice_epoch}: ` +
      `read the revision, calculate again and register with expected_revision`,
    details: { invoice_epoch, invoice_version, revision },
  };
}

function refuseRevision(expected_revision: number, revision: number): Refused {
  return {
    outcome: 'refused',
    code: 'REVISION_CONFLICT',
    message:
      `expected_revision is ${expected_revision}, the order is at revision ${revision}: ` +
      `read the revision, calculate again and register again`,
    details: { expected_revision, revision },
  };
}

function refuseAnyRevision(revision: number): Refused {
  return {
    outcome: 'refused',
    code: 'REVISION_EXHAUSTED',
    message: `the order is at revision ${revision}, which is the last one: its target can no longer change`,
    details: { revision },
  };
}
