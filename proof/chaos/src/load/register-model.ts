import type { SequentialModel } from '@cashback/invariants/linearizability';

/** An order as a caller of `register` may know it; values are decimal strings of scale 4. Revision 0: there is none. */
export interface ModelOrder {
  revision: number;
  invoice_version: number;
  user: string;
  service: string;
}

export type ModelCall =
  | { invoice_version: number; user: string; service: string; expected_revision?: number }
  /** Asks for the order. */
  | 'order';

/** `answer` is the outcome, or the code of the error. */
export type ModelResult = { answer: string } & Partial<ModelOrder>;

/** What `register` does with one order after another, in words that owe nothing to the server. */
export const registerModel: SequentialModel<ModelOrder, ModelCall, ModelResult> = {
  initial: { revision: 0, invoice_version: 0, user: '0.0000', service: '0.0000' },
  apply(order, call) {
    if (call === 'order') return { state: order, result: { answer: 'order', ...order } };
    const { invoice_version, user, service, expected_revision = order.revision } = call;
    if (invoice_version < order.invoice_version)
      return { state: order, result: { answer: 'stale', ...order } };
    if (order.revision > 0 && user === order.user && service === order.service) {
      const state = { ...order, invoice_version };
      return { state, result: { answer: 'unchanged', ...state } };
    }
    if (expected_revision !== order.revision)
      return { state: order, result: { answer: 'REVISION_CONFLICT' } };
    const state = { revision: order.revision + 1, invoice_version, user, service };
    return { state, result: { answer: 'registered', ...state } };
  },
};
