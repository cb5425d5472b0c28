import type { InvoiceChange } from '@cashback/wire';
import { immediateJob } from '../queue.ts';
import { type ChangeRow, type ChangeWrites, isUnfinished } from './change.ts';

/** The attempts of an order begin again. */
const AFRESH = { failures: 0, waited_ms: null, attention: null, next_attempt_in_ms: 0 } as const;

/**
 * What noting a change writes: the first row of an order that the inbox does not know, or the row after a newer version
 * was announced, out of attention. Null when the version is not newer.
 */
export function noteChange(
  stored: ChangeRow | null,
  { invoice_id, service, version }: InvoiceChange,
): ChangeWrites | null {
  if (stored !== null && version <= stored.seen_version) return null;
  const row = { ...(stored ?? untouched(invoice_id)), service, seen_version: version, ...AFRESH };
  return { row, job: isUnfinished(row) ? immediateJob(row.order_id) : null };
}

function untouched(order_id: string) {
  return { order_id, processed_version: 0, asks_again: false, registered: 0, unchanged: 0, stale: 0 };
}

/** What resuming an order writes, for a person; null when it did not need attention. */
export function resumeChange(stored: ChangeRow): ChangeWrites | null {
  if (stored.attention === null) return null;
  return { row: { ...stored, ...AFRESH }, job: immediateJob(stored.order_id) };
}

/**
 * What the sweep writes, which is the rule of the statement `claimOverdue`; null: it skips the row. A test holds the
 * statement against it.
 */
export function sweepChange(stored: ChangeRow, overdue_ms: number): ChangeWrites | null {
  if (!isUnfinished(stored) || stored.next_attempt_in_ms >= -overdue_ms) return null;
  return { row: { ...stored, next_attempt_in_ms: 0 }, job: immediateJob(stored.order_id) };
}

/** One change an order, with its newest version. */
export function newestChanges(changes: readonly InvoiceChange[]): InvoiceChange[] {
  const newest = new Map<string, InvoiceChange>();
  for (const change of changes) {
    const version = newest.get(change.invoice_id)?.version ?? 0;
    if (change.version > version) newest.set(change.invoice_id, change);
  }
  return [...newest.values()];
}
