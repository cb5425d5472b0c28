import {
  type AmountsBySource,
  type Source,
  amountOf,
  formatAmounts,
  parseAmounts,
  sourcesOf,
} from '@cashback/contract';
import type { CashbackStatus, Invoice } from '@cashback/wire';
import { isHistoryUnknownIn } from './invoice.ts';
import { normalisePayments } from './payments.ts';

type Amounts = { source: Source; amount: string }[];

interface ReadOperation {
  operation_id: string;
  /** The cashback version with it accepted. It ended one above. */
  version: number;
  status: CashbackStatus;
  reward: Amounts;
  reason: string | null;
}

/** What is read of an invoice, all at one moment. */
export interface ReadInvoice extends Omit<
  Invoice,
  'cashback' | 'invoice_epoch' | 'created_at' | 'updated_at'
> {
  cashback_version: number;
  /** The newest one of this side. */
  invoice_epoch: number;
  /** Up to this epoch its baskets are known to be those of Trust. */
  reconciled_epoch: number;
  created_at: Date;
  updated_at: Date;
  /** What its baskets hold, by source. */
  rewarded: Amounts;
  /** What the refunds of the newest operation did not find in the wallet, by source. */
  short: Amounts;
  /** What baskets in wallets of earlier payees hold, by source. */
  elsewhere: Amounts;
  /** The newest first, at most `SHOWN_OPERATIONS`. */
  operations: ReadOperation[];
}

export const SHOWN_OPERATIONS = 20;

/**
 * The invoice as callers see it. `compared`: where Trust has no list, the newest epoch that was compared with its export;
 * null: it has one, or the caller does not move cashback.
 */
export function shownInvoice(
  {
    cashback_version,
    reconciled_epoch,
    rewarded,
    short,
    elsewhere,
    operations: stored,
    created_at,
    updated_at,
    ...fields
  }: ReadInvoice,
  compared: number | null = null,
): Invoice {
  const is_unknown = isHistoryUnknownIn({ reconciled_epoch, epoch: fields.invoice_epoch }, compared);
  const operations = isExplained(cashback_version, stored[0]) ? stored : [];
  const owed = owedOf({ rewarded, short, newest: operations[0] });
  return {
    ...fields,
    payments: normalisePayments(fields.payments),
    cashback: {
      version: cashback_version,
      status: operations[0]?.status ?? 'success',
      rewarded: formatAmounts(parseAmounts(rewarded)),
      ...(owed.length > 0 && { owed }),
      ...(elsewhere.length > 0 && { elsewhere: formatAmounts(parseAmounts(elsewhere)) }),
      operations: operations.map(({ operation_id, status, reward, reason }) => ({
        operation_id,
        status,
        reward: formatAmounts(parseAmounts(reward)),
        ...(reason !== null && { reason }),
      })),
      ...(is_unknown && { history: 'unknown' as const }),
    },
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}

/**
 * False after an adoption: the cashback has changed since the newest operation ended, and what it carries now none of the
 * operations asked for. With none listed a caller takes it as it is, and goes on from there.
 */
function isExplained(cashback_version: number, newest: ReadOperation | undefined): boolean {
  return newest === undefined || cashback_version <= newest.version + 1;
}

/**
 * What the wallet still owes: the part of what the newest operation could not take back that is still rewarded. After a
 * restore more may have been taken back than the operations state.
 */
function owedOf({
  rewarded,
  short,
  newest,
}: Pick<ReadInvoice, 'rewarded' | 'short'> & { newest: ReadOperation | undefined }): Amounts {
  if (newest?.status !== 'success' || short.length === 0) return [];
  const carried = parseAmounts(rewarded);
  const asked = parseAmounts(newest.reward);
  const missed = parseAmounts(short);
  const owed: AmountsBySource = {};
  for (const source of sourcesOf(missed)) {
    const above = amountOf(carried, source) - amountOf(asked, source);
    const of = amountOf(missed, source);
    if (above > 0n && of > 0n) owed[source] = above < of ? above : of;
  }
  return formatAmounts(owed).filter(({ source }) => amountOf(owed, source) > 0n);
}
