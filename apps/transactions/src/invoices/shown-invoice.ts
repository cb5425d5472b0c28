import { type Source, formatAmounts, parseAmounts } from '@cashback/contract';
import type { CashbackStatus, Invoice } from '@cashback/wire';
import { normalisePayments } from './payments.ts';

type Amounts = { source: Source; amount: string }[];

interface ReadOperation {
  operation_id: string;
  status: CashbackStatus;
  reward: Amounts;
  reason: string | null;
}

/** What is read of an invoice, all at one moment. */
export interface ReadInvoice extends Omit<Invoice, 'cashback' | 'created_at' | 'updated_at'> {
  cashback_version: number;
  created_at: Date;
  updated_at: Date;
  /** What its baskets hold, by source. */
  rewarded: Amounts;
  /** The newest first, at most `SHOWN_OPERATIONS`. */
  operations: ReadOperation[];
}

export const SHOWN_OPERATIONS = 20;

/** The invoice as callers see it. */
export function shownInvoice({
  cashback_version,
  rewarded,
  operations,
  created_at,
  updated_at,
  ...fields
}: ReadInvoice): Invoice {
  return {
    ...fields,
    payments: normalisePayments(fields.payments),
    cashback: {
      version: cashback_version,
      status: operations[0]?.status ?? 'success',
      rewarded: formatAmounts(parseAmounts(rewarded)),
      operations: operations.map(({ operation_id, status, reward, reason }) => ({
        operation_id,
        status,
        reward: formatAmounts(parseAmounts(reward)),
        ...(reason !== null && { reason }),
      })),
    },
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}
