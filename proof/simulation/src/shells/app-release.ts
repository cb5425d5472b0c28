import { CashbackError, type RegisterInput, isSource, type Source } from '@cashback/contract';
import type { AmountsBySource } from '@cashback/contract/source';
import type { Engine } from '../engine/engine.ts';
import type { OrderRow } from '../tables.ts';

/** The sources and columns that a release of the apps knows. */
export interface AppRelease {
  /** The source that this release brought. */
  source: boolean;
  /** The columns that it brought. */
  columns: boolean;
}

export const THIS_RELEASE: AppRelease = { source: true, columns: true };

/** The release of the process that takes a step: while an older one runs beside this one, it is either of them. */
export function takeAppRelease({
  engine,
  older_release,
}: {
  engine: Engine;
  older_release: AppRelease | null;
}): AppRelease {
  if (older_release === null) return THIS_RELEASE;
  return engine.choices.below(2) === 0 ? THIS_RELEASE : older_release;
}

/** Plays the part of a new source: to an older release its name says nothing. */
export const NEW_SOURCE: Source = 'service';
const UNKNOWN_SOURCE = 'new_source' as Source;

export function readBy<Entry extends { source: Source }>(
  appRelease: AppRelease,
  entries: readonly Entry[],
): Entry[] {
  return entries.map((entry) =>
    entry.source === NEW_SOURCE && !appRelease.source ? { ...entry, source: UNKNOWN_SOURCE } : entry,
  );
}

export function targetReadBy(appRelease: AppRelease, target: AmountsBySource): AmountsBySource {
  if (appRelease.source) return target;
  const { [NEW_SOURCE]: unknown, ...known } = target;
  return unknown === undefined ? known : { ...known, [UNKNOWN_SOURCE]: unknown };
}

/** A server without the column of the epoch stores its default for a new order, and else leaves it as it is. */
export function inputReadBy(appRelease: AppRelease, input: RegisterInput): RegisterInput {
  if (appRelease.columns) return input;
  const { invoice_epoch: _epoch, ...known } = input;
  return known;
}

/** As the server answers when it cannot read a call; null: it knows the sources. */
export function refuseUnknown(sources: readonly string[]): CashbackError | null {
  if (sources.every(isSource)) return null;
  return new CashbackError('UNKNOWN_SOURCE', `this release does not know one of ${sources.join(', ')}`);
}

/** Whether processing needs attention for nothing but that. */
export function isOfOlderRelease(attention: string): boolean {
  return /\bUNKNOWN_SOURCE\b/.test(attention);
}

const NEW_COLUMNS = [
  'attention_code',
  'attention_since',
  'attention_details',
  'waited_ms',
  'answered_at',
  'heals',
  'healed_since',
  'audit_at',
  'audit_step',
  'due_by',
  'requests',
  'answered_requests',
] as const;

/** Columns that a release does not know keep what is stored. */
export function writtenBy(
  appRelease: AppRelease,
  stored: OrderRow,
  written: Partial<OrderRow>,
): Partial<OrderRow> {
  if (appRelease.columns) return written;
  const kept = Object.fromEntries(NEW_COLUMNS.map((column) => [column, stored[column]]));
  return { ...written, ...kept };
}
