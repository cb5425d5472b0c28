import {
  type RegisterDecision,
  type Registration,
  type StoredOrder,
  decideRegister,
} from '../src/decide-register.ts';

const identity = { service: 'yellow', user_id: 'user-1', wallet_id: 'wallet-1', currency: 'USD' };

/** An order at revision 3 of invoice version 5, funded by user, except for the given fields. */
export function storedOf(given: Partial<StoredOrder> = {}): StoredOrder {
  return { ...identity, invoice_epoch: 1, invoice_version: 5, revision: 3, target: { user: 10n }, ...given };
}

/** A call that equals `storedOf`, except for the given fields. */
export function callOf(given: Partial<Registration> = {}): Registration {
  return {
    ...identity,
    invoice_epoch: null,
    invoice_version: 5,
    by_source: { user: 10n },
    sum: null,
    expected_revision: null,
    ...given,
  };
}

export interface RegisterCase {
  guarantee: string;
  /** Null: there is no such order. */
  stored?: Partial<StoredOrder> | null;
  call: Partial<Registration>;
  decision: RegisterDecision | { outcome: 'refused'; code: string; details: Record<string, unknown> };
}

/** The decision of a case, with the message of a refusal; null when there is none. */
export function decided({ stored = {}, call }: RegisterCase) {
  return { message: null, ...decideRegister(stored && storedOf(stored), callOf(call)) };
}
