import { type CashbackClient, CashbackClientError } from '@cashback/client';
import type { RegisterInput, Source } from '@cashback/contract';
import { AMOUNT_SCALE, parseAmount } from '@cashback/contract/amount';
import {
  type ModelAnswer,
  type ModelCall,
  type ModelInput,
  type ModelResult,
  type ModelView,
  NO_ORDER,
  modelView,
} from './index.ts';

/** What the model leaves out of a call. */
export type OrderFields = Pick<RegisterInput, 'order_id' | 'service' | 'wallet_id' | 'currency'>;

/** Makes a call of the model through the SDK. Throws the errors after which its effect is not known. */
export function callServer(
  client: CashbackClient,
  order: OrderFields,
  input: ModelInput,
): Promise<ModelResult | ModelView> {
  return input === 'order' ? callOrder(client, order.order_id) : callRegister(client, order, input.register);
}

export async function callRegister(
  client: CashbackClient,
  order: OrderFields,
  call: ModelCall,
): Promise<ModelResult> {
  try {
    const { outcome, revision, invoice_epoch, invoice_version, ...amounts } = await client.register(
      toInput(order, call),
    );
    return {
      answer: outcome,
      revision,
      invoice_epoch,
      invoice_version,
      ...bySource(amounts.cashback_by_source),
      cashback_sum: wholeAmount(amounts.cashback_sum),
    };
  } catch (error) {
    if (!(error instanceof CashbackClientError) || isUnknown(error)) throw error;
    const answer = error.code as ModelAnswer;
    const { revision } = error.details;
    return answer === 'REVISION_CONFLICT' ? { answer, revision: Number(revision) } : { answer };
  }
}

export async function callOrder(client: CashbackClient, order_id: string): Promise<ModelView> {
  try {
    const order = await client.order({ order_id });
    const { revision, invoice_epoch, invoice_version, cleared_sum, target, cashback_sum } = order;
    const sums = { cleared_sum: wholeAmount(cleared_sum), cashback_sum: wholeAmount(cashback_sum) };
    return { revision, invoice_epoch, invoice_version, ...bySource(target), ...sums };
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === 'ORDER_NOT_FOUND') return modelView(NO_ORDER);
    throw error;
  }
}

const UNKNOWN: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
  'INTERNAL',
]);

/** Whether the call may have taken effect, or may yet. */
export function isUnknown(error: unknown): boolean {
  return error instanceof CashbackClientError && UNKNOWN.has(error.code);
}

function toInput(order: OrderFields, call: ModelCall): RegisterInput {
  const { order_id, service, wallet_id, currency } = order;
  const { user_id, invoice_epoch, invoice_version, cleared_sum, by_source, sum, expected_revision } = call;
  return {
    order_id,
    service,
    user_id,
    wallet_id,
    currency,
    ...(invoice_epoch !== undefined && { invoice_epoch }),
    invoice_version,
    cleared_sum: String(cleared_sum),
    ...(expected_revision !== undefined && { expected_revision }),
    ...(sum !== undefined && { cashback_sum: String(sum) }),
    ...(by_source !== undefined && {
      cashback_by_source: (Object.entries(by_source) as [Source, number][]).map(([source, value]) => ({
        source,
        value: String(value),
      })),
    }),
  };
}

/** The model counts whole units; an answer with a fraction is not one that it can have asked for. */
export function wholeAmount(text: string): number {
  const unit = 10n ** BigInt(AMOUNT_SCALE);
  const amount = parseAmount(text);
  if (amount % unit !== 0n) throw new Error(`expected a whole amount, got ${text}`);
  return Number(amount / unit);
}

function bySource(values: readonly { source: Source; value: string }[]): { user: number; service: number } {
  const amounts = new Map(values.map(({ source, value }) => [source, wholeAmount(value)]));
  return { user: amounts.get('user') ?? 0, service: amounts.get('service') ?? 0 };
}
