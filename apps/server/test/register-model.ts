import { CashbackClientError, type CashbackClient, type CashbackEvent } from '@cashback/client';
import type { RegisterInput, RegisterOutput } from '@cashback/contract';
import { registerInput } from './support.ts';

/** An order as the model has it; amounts and sums are whole. Revision 0: there is none. */
export interface ModelOrder {
  revision: number;
  invoice_version: number;
  cleared_sum: number;
  user: number;
  service: number;
  /** `revision source value`, as `events` lists them. */
  events: string[];
}

export interface ModelCall {
  invoice_version: number;
  cleared_sum: number;
  by_source?: { user?: number; service?: number };
  sum?: number;
  expected_revision?: number;
}

export const NO_ORDER: ModelOrder = {
  revision: 0,
  invoice_version: 0,
  cleared_sum: 0,
  user: 0,
  service: 0,
  events: [],
};

/** What a register does, in ten statements that owe nothing to the server. */
export function modelRegister(order: ModelOrder, call: ModelCall): { order: ModelOrder; answer: string } {
  const { by_source, sum = 0, expected_revision = order.revision, ...paper } = call;
  const { user = 0, service = 0 } = by_source ?? (order.service > 0 ? order : { user: sum });
  const changes = Object.entries({ service, user }).filter(
    ([source, value]) => order[source as 'user'] !== value,
  );
  if (by_source && user + service !== (call.sum ?? user + service)) return { order, answer: 'SUM_MISMATCH' };
  if (paper.invoice_version < order.invoice_version) return { order, answer: 'stale' };
  if (!by_source && user + service !== sum) return { order, answer: 'SOURCE_SPLIT_REQUIRED' };
  if (order.revision > 0 && changes.length === 0)
    return {
      order: paper.invoice_version > order.invoice_version ? { ...order, ...paper } : order,
      answer: 'unchanged',
    };
  if (expected_revision !== order.revision) return { order, answer: 'REVISION_CONFLICT' };
  const events = changes.map(([source, value]) => `${order.revision + 1} ${source} ${value}`);
  return {
    order: { ...paper, revision: order.revision + 1, user, service, events: [...order.events, ...events] },
    answer: 'registered',
  };
}

/** What `order` shows of it. */
export type ModelRow = Omit<ModelOrder, 'events'> & { cashback_sum: number };

export function modelRow(order: ModelOrder): ModelRow {
  const { revision, invoice_version, cleared_sum, user, service } = order;
  return { revision, invoice_version, cleared_sum, user, service, cashback_sum: user + service };
}

/** What a caller is told: the answer and what is stored after it, or why not. */
export type ModelResult = { answer: string } & Partial<Omit<ModelRow, 'cleared_sum'>>;

export function modelResult({ order, answer }: ReturnType<typeof modelRegister>): ModelResult {
  const { revision, invoice_version, user, service } = order;
  if (answer === 'REVISION_CONFLICT') return { answer, revision };
  if (!['registered', 'unchanged', 'stale'].includes(answer)) return { answer };
  return { answer, revision, invoice_version, user, service, cashback_sum: user + service };
}

function toInput(order_id: string, call: ModelCall): RegisterInput {
  const { invoice_version, cleared_sum, by_source, sum, expected_revision } = call;
  const { service, user_id, wallet_id, currency } = registerInput({ order_id });
  return {
    order_id,
    service,
    user_id,
    wallet_id,
    currency,
    invoice_version,
    cleared_sum: String(cleared_sum),
    ...(expected_revision !== undefined && { expected_revision }),
    ...(sum !== undefined && { cashback_sum: String(sum) }),
    ...(by_source !== undefined && {
      cashback_by_source: (['user', 'service'] as const).flatMap((source) =>
        by_source[source] === undefined ? [] : [{ source, value: String(by_source[source]) }],
      ),
    }),
  };
}

/** Registers, and says what came of it in the model's words. Throws what says nothing of the call's effect. */
export async function callRegister(
  client: CashbackClient,
  order_id: string,
  call: ModelCall,
): Promise<ModelResult> {
  try {
    return resultOf(await client.register(toInput(order_id, call)));
  } catch (error) {
    if (!(error instanceof CashbackClientError) || UNKNOWN.has(error.code)) throw error;
    const { code: answer, details } = error;
    return answer === 'REVISION_CONFLICT' ? { answer, revision: Number(details['revision']) } : { answer };
  }
}

/** After these the call may have taken effect, or may yet. */
export const UNKNOWN: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
  'INTERNAL',
]);

function resultOf({ outcome, revision, invoice_version, ...amounts }: RegisterOutput): ModelResult {
  const cashback_sum = Number(amounts.cashback_sum);
  return {
    answer: outcome,
    revision,
    invoice_version,
    ...bySource(amounts.cashback_by_source),
    cashback_sum,
  };
}

/** What `order` says; of an order that there is not, what the model says of it. */
export async function callOrder(client: CashbackClient, order_id: string): Promise<ModelRow> {
  try {
    const { revision, invoice_version, cleared_sum, target, cashback_sum } = await client.order({ order_id });
    const sums = { cleared_sum: Number(cleared_sum), cashback_sum: Number(cashback_sum) };
    return { revision, invoice_version, ...bySource(target), ...sums };
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === 'ORDER_NOT_FOUND') return modelRow(NO_ORDER);
    throw error;
  }
}

/** What `events` says. */
export async function callEvents(client: CashbackClient, order_id: string): Promise<string[]> {
  const { events } = await client.events({ order_id });
  return events.map(({ revision, source, value }: CashbackEvent) => `${revision} ${source} ${Number(value)}`);
}

function bySource(values: readonly { source: string; value: string }[]): { user: number; service: number } {
  const amounts = new Map(values.map(({ source, value }) => [source, Number(value)]));
  return { user: amounts.get('user') ?? 0, service: amounts.get('service') ?? 0 };
}
