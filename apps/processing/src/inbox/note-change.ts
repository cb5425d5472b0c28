import { compareVersions } from '@cashback/core';
import { immediateJob } from '../queue.ts';
import { type ChangeRow, type ChangeWrites, isUnfinished, seenVersion } from './change.ts';
import { type Hint, mergeHints } from './hint.ts';
import { newerOf } from './invoice-version.ts';

/** The attempts of an order begin again. */
const AFRESH = { failures: 0, waited_ms: null, attention: null, next_attempt_in_ms: 0 } as const;

/**
 * What noting a hint writes: the first row of an order that the inbox does not know, or the row out of attention, to be
 * processed. Null when the feed lists the version that is known already. A lower version is processed: the row was ahead
 * of the feed, or a restore took the invoice back.
 */
function noteChange(stored: ChangeRow | null, hint: Hint): ChangeWrites | null {
  const { order_id, service, version, is_unconditional, brought_by } = hint;
  const known = stored ?? untouched(order_id, hint);
  const seen = seenVersion(known);
  const order = version === null ? 0 : compareVersions(version, seen);
  const isProcessed = stored !== null && stored.processed_version > 0;
  if (isProcessed && !is_unconditional && order === 0) return null;
  const newest = version === null ? seen : newerOf(seen, version);
  const row: ChangeRow = {
    ...known,
    service: service ?? known.service,
    seen_epoch: newest.epoch,
    seen_version: newest.version,
    hints: known.hints + (is_unconditional || order < 0 ? 1 : 0),
    brought_by,
    ...AFRESH,
  };
  return { row, job: immediateJob(order_id) };
}

/** What noting hints writes, once an order, by the rows of those orders that the inbox knows. */
export function noteHints(hints: readonly Hint[], stored: ReadonlyMap<string, ChangeRow>): ChangeWrites[] {
  return mergeHints(hints).flatMap((hint) => noteChange(stored.get(hint.order_id) ?? null, hint) ?? []);
}

/** Until the feed lists the invoice, or it is retrieved, no version of it is known. */
function untouched(order_id: string, { version }: Hint): ChangeRow {
  return {
    order_id,
    service: 'unknown',
    seen_epoch: version?.epoch ?? 1,
    seen_version: version?.version ?? 1,
    processed_epoch: 1,
    processed_version: 0,
    hints: 0,
    answered_hints: 0,
    config_hash: null,
    asks_again: false,
    registered: 0,
    unchanged: 0,
    stale: 0,
    audit_in_ms: null,
    audit_step: 0,
    brought_by: null,
    ...AFRESH,
  };
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
