import type { InvoiceChange } from '@cashback/wire';
import type { ChangeRow } from './change.ts';

/** The attempts of an order begin again. */
const AFRESH = { failures: 0, waited_ms: null, attention: null, next_attempt_in_ms: 0 } as const;

/** The row of an order that the inbox does not know yet. */
export function firstChange({ invoice_id, service, version }: InvoiceChange): ChangeRow {
  return {
    order_id: invoice_id,
    service,
    seen_version: version,
    processed_version: 0,
    asks_again: false,
    registered: 0,
    unchanged: 0,
    stale: 0,
    ...AFRESH,
  };
}

/** The row after a newer version was announced, out of attention; null when the version is not newer. */
export function noteChange(stored: ChangeRow, { service, version }: InvoiceChange): ChangeRow | null {
  if (version <= stored.seen_version) return null;
  return { ...stored, service, seen_version: version, ...AFRESH };
}

/** The row after a person resumed the order; null when it did not need attention. */
export function resumeChange(stored: ChangeRow): ChangeRow | null {
  return stored.attention === null ? null : { ...stored, ...AFRESH };
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
