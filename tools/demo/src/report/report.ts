import type { Violation } from '@cashback/invariants';
import type { Played } from '@cashback/scenario';
import type { RejectedLine } from '../orders/read-trips.ts';

/** Decimal strings by source. */
export type BySource = { user: string; service: string };

/** What `--json` writes. Amounts are decimal strings. */
export interface Report {
  run: string;
  /** Orders played; with `--orders` the lines that are orders. */
  orders: number;
  rejected: RejectedLine[];
  settled: number;
  unsettled: number;
  /** Ids of orders that did not settle, at most 20 of them, and what is known of them. */
  unsettled_orders: { order_id: string; detail: string }[];
  played: Played;
  killed: string[];
  /** Answers that processing got from `register`. */
  registers: { registered: number; unchanged: number; stale: number };
  totals: {
    target: BySource;
    rewarded: BySource;
    topups: BySource;
    refunds: BySource;
    /** What the run's wallets hold, and what was spent of them. */
    wallets: string;
    spent: string;
  };
  pushes: number;
  violations: Violation[];
  seconds: number;
}

/** 0: all is well. 2: all is well, but some lines were no orders. 1: anything else. */
export function exitCodeOf(report: Report): 0 | 1 | 2 {
  if (report.violations.length > 0 || report.unsettled > 0) return 1;
  return report.rejected.length > 0 ? 2 : 0;
}
