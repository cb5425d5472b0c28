/**
 * What `register` does to one order, written down a second time from the design and without any code of the server:
 * a mistake there is not repeated here. Amounts are whole numbers.
 */
export interface ModelOrder {
  /** 0: the order was never registered. */
  revision: number;
  /** Stands for service, user, wallet and currency, which never change. */
  user_id: string;
  invoice_epoch: number;
  invoice_version: number;
  cleared_sum: number;
  user: number;
  service: number;
}

/** At least one of `by_source` and `sum` is given. */
export interface ModelCall {
  user_id: string;
  /** Absent: the order's own, and 1 for a new order. */
  invoice_epoch?: number;
  invoice_version: number;
  cleared_sum: number;
  by_source?: { user?: number; service?: number };
  sum?: number;
  expected_revision?: number;
}

/** The outcome, or the code of the error. */
export type ModelAnswer =
  | 'registered'
  | 'unchanged'
  | 'stale'
  | 'SUM_MISMATCH'
  | 'IMMUTABLE_FIELD'
  | 'SOURCE_SPLIT_REQUIRED'
  | 'EXPECTED_REVISION_REQUIRED'
  | 'REVISION_CONFLICT'
  | 'REVISION_EXHAUSTED';

export interface ModelStep {
  answer: ModelAnswer;
  /** The order after the call. */
  order: ModelOrder;
  /** The sources whose value changed: one event each. */
  changes: { source: 'user' | 'service'; value: number }[];
}

export const NO_ORDER: ModelOrder = {
  revision: 0,
  user_id: '',
  invoice_epoch: 0,
  invoice_version: 0,
  cleared_sum: 0,
  user: 0,
  service: 0,
};
const LAST_REVISION = 2_147_483_647;

export function modelRegister(order: ModelOrder, call: ModelCall): ModelStep {
  const keep = (answer: ModelAnswer): ModelStep => ({ answer, order, changes: [] });
  const { user_id, invoice_version, cleared_sum, by_source, sum, expected_revision } = call;
  const known = order.revision > 0;
  const invoice_epoch = call.invoice_epoch ?? (known ? order.invoice_epoch : 1);
  const older =
    invoice_epoch < order.invoice_epoch ||
    (invoice_epoch === order.invoice_epoch && invoice_version < order.invoice_version);
  const same = invoice_epoch === order.invoice_epoch && invoice_version === order.invoice_version;

  if (by_source && sum !== undefined && (by_source.user ?? 0) + (by_source.service ?? 0) !== sum) {
    return keep('SUM_MISMATCH');
  }
  if (known && user_id !== order.user_id) return keep('IMMUTABLE_FIELD');
  if (older) return keep('stale');

  // A sum alone is all user, unless the service pays too: then only the stored sum says how it is split.
  if (!by_source && order.service > 0 && sum !== order.user + order.service) {
    return keep('SOURCE_SPLIT_REQUIRED');
  }
  const { user = 0, service = 0 } = by_source ?? (order.service > 0 ? order : { user: sum ?? 0 });
  const next = { user_id, invoice_epoch, invoice_version, cleared_sum, user, service };

  if (known && user === order.user && service === order.service) {
    return { ...keep('unchanged'), order: same ? order : { ...next, revision: order.revision } };
  }
  if (same && call.invoice_epoch !== undefined && expected_revision === undefined) {
    return keep('EXPECTED_REVISION_REQUIRED');
  }
  if (expected_revision !== undefined && expected_revision !== order.revision) {
    return keep('REVISION_CONFLICT');
  }
  if (order.revision === LAST_REVISION) return keep('REVISION_EXHAUSTED');
  return {
    answer: 'registered',
    order: { ...next, revision: order.revision + 1 },
    changes: [
      ...(user === order.user ? [] : [{ source: 'user' as const, value: user }]),
      ...(service === order.service ? [] : [{ source: 'service' as const, value: service }]),
    ],
  };
}

/** What `order` shows; of an order that was never registered, all zero. */
export type ModelView = Omit<ModelOrder, 'user_id'> & { cashback_sum: number };

export function modelView(order: ModelOrder): ModelView {
  const { revision, invoice_epoch, invoice_version, cleared_sum, user, service } = order;
  return {
    revision,
    invoice_epoch,
    invoice_version,
    cleared_sum,
    user,
    service,
    cashback_sum: user + service,
  };
}

/** What a caller of `register` receives: the answer, and what the server shows with it. */
export type ModelResult = { answer: ModelAnswer } & Partial<Omit<ModelView, 'cleared_sum'>>;

export function modelResult({ answer, order }: ModelStep): ModelResult {
  if (answer === 'REVISION_CONFLICT') return { answer, revision: order.revision };
  if (answer !== 'registered' && answer !== 'unchanged' && answer !== 'stale') return { answer };
  const { revision, invoice_epoch, invoice_version, user, service, cashback_sum } = modelView(order);
  return { answer, revision, invoice_epoch, invoice_version, user, service, cashback_sum };
}

/** Calls about one order, one after another. */
export type ModelInput = { register: ModelCall } | 'order';

export const registerModel = {
  initial: NO_ORDER,
  apply(order: ModelOrder, input: ModelInput): { state: ModelOrder; result: ModelResult | ModelView } {
    if (input === 'order') return { state: order, result: modelView(order) };
    const step = modelRegister(order, input.register);
    return { state: step.order, result: modelResult(step) };
  },
};
