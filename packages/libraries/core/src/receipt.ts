import type { Invoice, InvoiceStatus } from '@cashback/wire';
import { AMOUNT_SCALE, type Amount, formatAmount } from '@cashback/contract/amount';
import { RATE_SCALE, formatRate } from '@cashback/contract/rate';
import type { Source } from '@cashback/contract/source';
import { type CapturedPayment, earningAmounts } from './earning-lines.ts';
import { splitByLargestRemainder } from './largest-remainder.ts';
import type { Rounding } from './rounding.ts';
import type { ServiceConfig } from './service-config.ts';
import type { SourceValue } from './source-value.ts';

/** The most that a receipt lists, so that it stays below the 16 KiB limit of `register`. */
const MAX_PAYMENTS = 20;
const MAX_LINES = 100;

/** A cap that reduced a source's rounded value. */
type Cap = 'max_value' | 'max_share';

export type ReceiptSource = {
  source: Source;
  /** `rate`: base x rate. `url`: the answer of the service's URL. `kept`: no answer, so the stored value stays. */
  origin: 'rate' | 'url' | 'kept';
  /** Null for a source without a rate. */
  rate: string | null;
  /** Before rounding and caps, ten places out. */
  exact: string;
  /** `exact` by the rounding rule, before caps. */
  rounded: string;
  max_value: string | null;
  capped_by: Cap[];
  /** The value after caps. */
  value: string;
  /** `value` split over the lines, in their order over all payments. Null when `payments` is. */
  by_line: string[] | null;
};

/** A captured item, its amount, and why it earns nothing, if so. */
export type ReceiptLine =
  | [item_id: string, amount: string]
  | [item_id: string, amount: string, 'item_excluded'];

export type ReceiptPayment = {
  payment_type: string;
  /** Why none of its lines earns; null when they may. */
  not_earning: 'payment_type_excluded' | null;
  lines: ReceiptLine[];
};

/**
 * All inputs of the amounts, as plain JSON with decimal strings, so that anyone can recompute them: exact = base x rate,
 * rounded to `rounding_step` by `rounding`, at most `max_value`. When all sources together exceed `max_share_limit`, the
 * limit is split over them in proportion, by largest remainder.
 */
export type Receipt = {
  invoice_id: string;
  invoice_version: number;
  invoice_status: InvoiceStatus;
  /** The captured sum, and the part of it that earns. */
  cleared_sum: string;
  base: string;
  rounding: Rounding;
  rounding_step: string;
  max_share: string;
  /** `max_share` of the base, down to a multiple of the step: the most that all sources give together. */
  max_share_limit: string;
  config_hash: string;
  sources: ReceiptSource[];
  /** The captured payments; null when they have more lines than fit into a receipt. */
  payments: ReceiptPayment[] | null;
};

interface ReceiptInput {
  invoice: Pick<Invoice, 'invoice_id' | 'version' | 'status'>;
  config: ServiceConfig;
  config_hash: string;
  payments: readonly CapturedPayment[];
  cleared_sum: Amount;
  base: Amount;
  limit: Amount;
  /** Each source alone, and its value after the cap of all together. */
  sources: readonly { alone: SourceValue; value: Amount }[];
}

/** The receipt of a calculation; below 16 KiB of JSON for ids of up to 64 characters. */
export function writeReceipt(input: ReceiptInput): Receipt {
  const { invoice, config, payments } = input;
  const weights = earningAmounts(payments);
  const hasRoom = payments.length <= MAX_PAYMENTS && weights.length <= MAX_LINES;
  return {
    invoice_id: invoice.invoice_id,
    invoice_version: invoice.version,
    invoice_status: invoice.status,
    cleared_sum: formatAmount(input.cleared_sum),
    base: formatAmount(input.base),
    rounding: config.rounding,
    rounding_step: formatAmount(config.rounding_step),
    max_share: formatRate(config.max_share),
    max_share_limit: formatAmount(input.limit),
    config_hash: input.config_hash,
    sources: input.sources.map(({ alone, value }) => ({
      ...describeSource(alone, value),
      by_line: hasRoom ? attributeToLines(value, config.rounding_step, weights) : null,
    })),
    payments: hasRoom ? payments.map(describePayment) : null,
  };
}

function describeSource(alone: SourceValue, value: Amount): Omit<ReceiptSource, 'by_line'> {
  const capped_by: Cap[] = [];
  if (alone.value < alone.rounded) capped_by.push('max_value');
  if (value < alone.value) capped_by.push('max_share');
  return {
    source: alone.source,
    origin: alone.origin,
    rate: alone.rate === null ? null : formatRate(alone.rate),
    exact: formatExact(alone.exact),
    rounded: formatAmount(alone.rounded),
    max_value: alone.max_value === null ? null : formatAmount(alone.max_value),
    capped_by,
    value: formatAmount(value),
  };
}

/** Each line's part is a multiple of the step, like the value itself. */
function attributeToLines(value: Amount, step: Amount, weights: readonly Amount[]): string[] {
  return splitByLargestRemainder(value / step, weights).map((steps) => formatAmount(steps * step));
}

function describePayment({ payment_type, earns, lines }: CapturedPayment): ReceiptPayment {
  return {
    payment_type,
    not_earning: earns ? null : 'payment_type_excluded',
    lines: lines.map((line): ReceiptLine => {
      const amount = formatAmount(line.amount);
      return line.earns ? [line.item_id, amount] : [line.item_id, amount, 'item_excluded'];
    }),
  };
}

/** An amount times a rate at scale 10, e.g. `1005000n * 50000n` -> `"5.0250000000"`. */
function formatExact(exact: bigint): string {
  const scale = AMOUNT_SCALE + RATE_SCALE;
  const digits = exact.toString().padStart(scale + 1, '0');
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
