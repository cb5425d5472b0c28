import { type AmountsBySource, equalAmounts, formatAmounts } from '@cashback/contract/source';
import type { OperationOutcome } from '@cashback/contract';
import { type ObservedCashback, withoutOwed } from './observed-cashback.ts';

interface OperationPayee {
  user_id: string;
  wallet_id: string;
  currency: string;
}

/** An operation of ours that was made before the epoch of the invoice. */
export interface PastOperation extends OperationPayee {
  operation_id: string;
  /** The epoch and the version of the cashback that it was made from. */
  cashback_epoch: number;
  version: number;
  reward: AmountsBySource;
  /** How it ended; null: that is not known. */
  outcome: OperationOutcome | null;
  /** What the invoice carried at its end; null without an outcome. */
  rewarded: AmountsBySource | null;
  created_at: Date;
}

export interface PastOperations<Operation extends PastOperation = PastOperation> {
  /** The newest ones of the order, in any order. */
  operations: readonly Operation[];
  /** The order has older ones that are not among them. */
  has_older: boolean;
  /** When our own tables were restored last; null: they never were. */
  restored_at: Date | null;
}

/**
 * What is left to do for an invoice that may have lost operations:
 * - `repeat`: send this one again, with its id and body;
 * - `complete`: the invoice carries what the newest of them left;
 * - `lost`: it cannot be brought back from here, so nothing is sent.
 */
export type HistoryDecision<Operation extends PastOperation = PastOperation> =
  | { action: 'repeat'; operation: Operation }
  | { action: 'complete' }
  | { action: 'lost'; reason: string; details: Record<string, unknown> };

/**
 * How an invoice gets back what a restore forgot, where the payment system has no list of it. Each operation was made from a
 * version of the cashback, and its end left the next one: they are a chain, of which the restored version says how far it
 * is there. The operation of exactly that version is repeated. It finds the baskets that it found before, so it makes the
 * same requests under the same ids, and the payment system, which has them, moves nothing.
 *
 *     restored at version 0     O1 (from 0): 5     O2 (from 2): 3     the newest, and it left 3
 *              \--- repeat O1 ---> 2 --- repeat O2 ---> 4: complete, as it carries 3 again
 *
 * A failed operation is repeated, too: the payment system keeps what it carried out and what it refused. One that was rejected
 * was never accepted. Whatever does not fit is `lost`: a gap, a version that two operations claim, another payee, an
 * end that left something else, and own tables that were restored after the newest operation, so may lack newer ones.
 */
export function decideHistory<Operation extends PastOperation>(
  { version, ...cashback }: ObservedCashback,
  { epoch, payee, past }: { epoch: number; payee: OperationPayee; past: PastOperations<Operation> },
): HistoryDecision<Operation> {
  const earlier = past.operations
    .filter(({ cashback_epoch }) => cashback_epoch < epoch)
    .toSorted((one, other) => one.cashback_epoch - other.cashback_epoch || one.version - other.version);
  const chain = earlier.filter(({ outcome }) => outcome !== 'rejected');
  const [oldest] = earlier;
  if (past.has_older && (oldest === undefined || oldest.version > version)) {
    return lost('it has too many operations since the restored version', { version });
  }
  const claimed = claimedTwice(chain, version);
  if (claimed !== null)
    return lost(`operation ${claimed.operation_id} claims a version that another one has`, idOf(claimed));

  // It ended and is no longer listed, or its version has passed: the answer to a repeat shows which.
  const open = chain.find((one) => one.outcome === null && one.version < version);
  const next = open ?? chain.find((one) => one.version === version);
  if (next !== undefined) {
    const isPayee = (['user_id', 'wallet_id', 'currency'] as const).every(
      (field) => next[field] === payee[field],
    );
    return isPayee
      ? { action: 'repeat', operation: next }
      : lost(`operation ${next.operation_id} was for another payee`, idOf(next));
  }
  const later = earlier.find((one) => one.version >= version);
  if (later !== undefined) {
    const { operation_id } = later;
    return lost(
      `no operation leads to version ${later.version}, which ${operation_id} was made from`,
      idOf(later),
    );
  }
  return compareEnd({ version, ...cashback }, chain.at(-1), past.restored_at);
}

function compareEnd(
  cashback: ObservedCashback,
  newest: PastOperation | undefined,
  restored_at: Date | null,
): Exclude<HistoryDecision, { action: 'repeat' }> {
  if (restored_at !== null && (newest === undefined || newest.created_at <= restored_at)) {
    const at = restored_at.toISOString();
    return lost(`the tables of the worker were restored at ${at}, and may lack operations`, {
      restored_at: at,
    });
  }
  if (newest === undefined) return { action: 'complete' };
  const { outcome, reward, rewarded } = newest;
  const [left, found] =
    outcome === 'applied' ? [reward, withoutOwed(cashback)] : [rewarded ?? {}, cashback.rewarded];
  if (equalAmounts(left, found)) return { action: 'complete' };
  return lost(`the newest operation ${newest.operation_id} left something else`, {
    ...idOf(newest),
    left: formatAmounts(left),
    rewarded: formatAmounts(found),
  });
}

/** An operation whose version is not above those before it, where that matters; null: there is none. */
function claimedTwice<Operation extends PastOperation>(
  chain: readonly Operation[],
  from_version: number,
): Operation | null {
  let highest = -1;
  for (const one of chain) {
    if (one.version <= highest && highest >= from_version) return one;
    highest = Math.max(highest, one.version);
  }
  return null;
}

function idOf({ operation_id, cashback_epoch, version }: PastOperation): Record<string, unknown> {
  return { operation_id, operation_epoch: cashback_epoch, operation_version: version };
}

function lost(
  why: string,
  details: Record<string, unknown>,
): { action: 'lost'; reason: string; details: Record<string, unknown> } {
  const reason = `transactions lost operations of the order in a restore, and they cannot be repeated: ${why}`;
  return { action: 'lost', reason, details };
}
