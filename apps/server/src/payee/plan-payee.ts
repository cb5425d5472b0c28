import { CashbackError, type ChangePayeeInput, type ChangePayeeOutput, type Payee } from '@cashback/contract';
import { type ChargeJob, type StoredPayee, chargeJob } from '@cashback/cashback-db';
import { LAST_REVISION } from '@cashback/core';

/** What a change of payee writes and answers. */
export interface PayeePlan {
  /** Null: nothing changes. */
  to: Payee | null;
  job: ChargeJob | null;
  answer: ChangePayeeOutput | CashbackError;
}

/** `stored` is as of its lock; null: there is no order. */
export function planPayee(stored: StoredPayee | null, input: ChangePayeeInput): PayeePlan {
  const { order_id, to } = input;
  const decision = decidePayee(stored, input);
  if (decision.outcome === 'refused') return { to: null, job: null, answer: decision.error };
  const changed = decision.outcome === 'changed';
  return {
    to: changed ? to : null,
    job: changed ? chargeJob(order_id) : null,
    answer: { order_id, ...decision },
  };
}

type PayeeDecision =
  | { outcome: 'changed'; revision: number }
  | { outcome: 'unchanged'; revision: number }
  | { outcome: 'refused'; error: CashbackError };

/** A repeat finds the new payee and changes nothing, so that is decided first. */
function decidePayee(
  stored: StoredPayee | null,
  { order_id, expected_revision, from, to }: ChangePayeeInput,
): PayeeDecision {
  if (stored === null) {
    return refuse('ORDER_NOT_FOUND', `order ${order_id} was never registered`, { order_id });
  }
  const { revision } = stored;
  if (isPayee(stored, to)) return { outcome: 'unchanged', revision };
  if (!isPayee(stored, from)) {
    const { user_id, wallet_id } = stored;
    const message = `order ${order_id} is paid to user ${user_id}, wallet ${wallet_id}, not to the payee in from: read it and decide again`;
    return refuse('PAYEE_MISMATCH', message, { order_id, user_id, wallet_id });
  }
  if (expected_revision !== revision) {
    const message = `order ${order_id} is at revision ${revision}, expected ${expected_revision}: read it and decide again`;
    return refuse('REVISION_CONFLICT', message, { expected_revision, revision });
  }
  if (revision >= LAST_REVISION) {
    return refuse('REVISION_EXHAUSTED', `order ${order_id} has reached the last revision`, { revision });
  }
  return { outcome: 'changed', revision: revision + 1 };
}

function isPayee(stored: StoredPayee, { user_id, wallet_id }: Payee): boolean {
  return stored.user_id === user_id && stored.wallet_id === wallet_id;
}

function refuse(...error: ConstructorParameters<typeof CashbackError>): PayeeDecision {
  return { outcome: 'refused', error: new CashbackError(...error) };
}
