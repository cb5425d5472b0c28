import { type DriftFinder, type EpochVersion, compareVersions } from '@cashback/core';
import type { ProcessingJob } from '../queue.ts';

/**
 * A row of the inbox: how far an order's invoice has moved, and how far that was processed. Its times are
 * relative to the clock of the transaction that reads or writes the row.
 */
export interface ChangeRow {
  order_id: string;
  service: string;
  /** The newest version of the invoice that the feed listed or that was retrieved. */
  seen_epoch: number;
  seen_version: number;
  /** The newest version whose cashback is registered, or which needs none. */
  processed_epoch: number;
  processed_version: number;
  /** How many messages asked to process the order, and how many of them an attempt has answered. */
  hints: number;
  answered_hints: number;
  /** Names the settings that the order began with; null until it was processed once. */
  config_hash: string | null;
  /** The service's URL did not answer, so its stored value was kept: ask it again. */
  asks_again: boolean;
  /** Failed attempts in a row. */
  failures: number;
  /** How long an input has been missing, or the order has failed on its own; null while neither is so. */
  waited_ms: number | null;
  /** Why the order needs attention; null when it does not. It is attempted all the same, at long intervals. */
  attention: string | null;
  /** How often the server answered `register` with each outcome; nothing is decided by it. */
  registered: number;
  unchanged: number;
  stale: number;
  /** When a job is due; the sweeper finds rows whose job is late. */
  next_attempt_in_ms: number;
  /** When the order is audited next; null while it is not done, and after its last audit. */
  audit_in_ms: number | null;
  /** How many audits have begun since the newest version was processed. */
  audit_step: number;
  /** The last trigger of the order; null: an earlier release did not keep it. */
  brought_by: DriftFinder | null;
}

/** What a change of the inbox writes: the row, and the job that processes it; null when there is nothing to do. */
export interface ChangeWrites {
  row: ChangeRow;
  job: ProcessingJob | null;
}

/** The partial index of the sweeper has the same condition. */
export function isUnfinished(row: ChangeRow): boolean {
  const isBehind = compareVersions(processedVersion(row), seenVersion(row)) < 0;
  return isBehind || row.asks_again || row.answered_hints < row.hints;
}

export function seenVersion({
  seen_epoch,
  seen_version,
}: Pick<ChangeRow, 'seen_epoch' | 'seen_version'>): EpochVersion {
  return { epoch: seen_epoch, version: seen_version };
}

export function processedVersion({
  processed_epoch,
  processed_version,
}: Pick<ChangeRow, 'processed_epoch' | 'processed_version'>): EpochVersion {
  return { epoch: processed_epoch, version: processed_version };
}
