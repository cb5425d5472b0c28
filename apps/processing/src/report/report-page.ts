import type { AttentionReportInput } from '@cashback/contract';
import type { CauseRow } from '../db/queries/changes/load-causes.ts';

export type Report = AttentionReportInput['orders'][number];

/** Below the least body that a server may be set to accept, with room for the ids of a page. */
const MAX_BYTES = 22_000;
const MAX_REASON = 1_000;

/** The reports of the first rows that fit into one call, at least of one. A page that is refused would be sent forever. */
export function reportsOf(rows: readonly CauseRow[]): Report[] {
  const reports: Report[] = [];
  let bytes = 0;
  for (const row of rows) {
    const report = reportOf(row);
    bytes += sizeOf(report);
    if (bytes > MAX_BYTES && reports.length > 0) break;
    reports.push(report);
  }
  return reports;
}

function reportOf({ since, reason, details, ...row }: CauseRow): Report {
  const report = { ...row, reason: reason.slice(0, MAX_REASON), since: since.toISOString() };
  // From a column of JSON.
  const whole: Report = { ...report, details: details as Report['details'] };
  return sizeOf(whole) <= MAX_BYTES ? whole : { ...report, details: null };
}

function sizeOf(report: Report): number {
  return Buffer.byteLength(JSON.stringify(report)) + 1;
}
