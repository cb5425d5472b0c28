import { parseAmount } from '@cashback/contract/amount';
import { type AmountsBySource, type Source, parseAmounts } from '@cashback/contract/source';
import { type Attempts, type TargetProblem, findTargetProblem, sendableOf } from '@cashback/core';
import type { NewOperationOutcome } from '../operations/insert-operation-outcomes.ts';
import type { NewOperation } from '../operations/insert-operations.ts';
import type { ChargeOrder } from './load-charge-orders.ts';
import type { Past } from './load-past.ts';

/** Everything that the next step of an order is decided on. */
export interface Charge {
  order: ChargeOrder;
  /** The newest event of each source, as far as the breaker lets it be sent. */
  target: AmountsBySource;
  /** Why the target cannot be relied on; null: it can. */
  problem: TargetProblem | null;
  /** The open one: it is not known to be finished. */
  operation: NewOperation | null;
  /** Operations of this revision that ended since the order was registered or resumed, the newest ones. */
  attempts: Attempts;
  /** Of the order's newest operations those that ended. */
  ended: EndedOperation[];
  /** All that is recorded of its operations, loaded for an invoice that may have lost some. */
  past?: Past;
}

/** The rows of one order that its charge is made of. */
export interface ChargeRows {
  cashback_sum: string;
  /** The newest event of each source. */
  newest: { source: Source; value: string }[];
  /** The operation that the order names. */
  operation: NewOperation | null;
  /** Of the order's newest operations those that ended, in any order. */
  ended: EndedOperation[];
}

export interface EndedOperation
  extends Omit<NewOperation, 'order_id' | 'operation_id'>, Pick<NewOperationOutcome, 'outcome'> {
  ended_at: Date;
}

/** An operation, and how it ended; null: it is not known to have ended. */
type Sent<Operation extends EndedOperation> = Omit<Operation, 'outcome' | 'ended_at'> & {
  outcome: Operation['outcome'] | null;
  ended_at: Date | null;
};

/** The rule of the statement `load-charges.ended`, of all operations of an order. A test holds it against that. */
export function endedToLoad<Operation extends EndedOperation>(
  sent: readonly Sent<Operation>[],
  most: number,
): Operation[] {
  return sent
    .toSorted(
      (one, other) =>
        other.cashback_epoch - one.cashback_epoch ||
        other.version - one.version ||
        (other.attempt ?? -1) - (one.attempt ?? -1),
    )
    .slice(0, most)
    .filter((one): one is Sent<Operation> & Operation => one.outcome !== null);
}

/** Throws when the order names an operation that is not there. */
export function chargeOf(order: ChargeOrder, { cashback_sum, newest, operation, ended }: ChargeRows): Charge {
  if (order.operation_id !== (operation?.operation_id ?? null)) {
    throw new Error(
      `order ${order.order_id} names operation ${order.operation_id}, which was never recorded`,
    );
  }
  const registered: AmountsBySource = Object.fromEntries(
    newest.map(({ source, value }) => [source, parseAmount(value)]),
  );
  const problem = findTargetProblem(registered, parseAmount(cashback_sum));
  const target = sendableOf(registered, order.hold && parseAmounts(order.hold.allowed));
  return { order, target, problem, operation, attempts: attemptsOf(order, ended), ended };
}

/** Those of another revision, or from before the order was registered or resumed, are no attempts. */
function attemptsOf({ revision, unsettled_since }: ChargeOrder, ended: readonly EndedOperation[]): Attempts {
  const attempts: Attempts = { failed: 0, applied: 0, rejected: 0, last_at: null };
  for (const one of ended) {
    if (one.revision !== revision || one.ended_at < unsettled_since) continue;
    attempts[one.outcome] += 1;
    if (attempts.last_at === null || one.ended_at > attempts.last_at) attempts.last_at = one.ended_at;
  }
  return attempts;
}
