import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';
import { type Spread, spreadOf } from '../measure/statistics.ts';
import { figure, spread } from '../report/figures.ts';
import { type Goal, atMost, goalsTable } from '../report/goal.ts';
import { describeSetting } from '../report/setting.ts';
import type { Table } from '../report/table.ts';
import type { PlanMode, PlanScan } from './read-plan.ts';

export interface ConvergenceRound {
  /** All orders. */
  count_ms: number;
  /** Those that the query reads, by the same conditions. */
  count_unsettled_ms: number;
  query_ms: number;
}

export interface ConvergenceSummary {
  orders: number;
  unsettled: number;
  count_ms: Spread;
  count_unsettled_ms: Spread;
  query_ms: Spread;
  /** The query's time in each round by that of the count of all orders. */
  ratio_to_count: Spread;
  ratio_to_count_of_unsettled: Spread;
  plans: Record<PlanMode, PlanScan[]>;
  goals: Goal[];
  rounds: ConvergenceRound[];
}

export interface ConvergenceReport extends ConvergenceSummary {
  machine: Machine;
  postgres: PostgresDescription;
}

/** The order, its newest event of each source, and one event before it; with half as many again for luck of the plan. */
const MOST_ROWS_PER_ORDER = 6;

export function summariseConvergence({
  orders,
  unsettled,
  rounds,
  plans,
}: Pick<ConvergenceSummary, 'orders' | 'unsettled' | 'rounds' | 'plans'>): ConvergenceSummary {
  const of = (value: (round: ConvergenceRound) => number): Spread => spreadOf(rounds.map(value));
  const rowsPerOrder = (scans: readonly PlanScan[]): number =>
    scans.reduce((sum, { rows }) => sum + rows, 0) / Math.max(1, unsettled);
  return {
    orders,
    unsettled,
    count_ms: of(({ count_ms }) => count_ms),
    count_unsettled_ms: of(({ count_unsettled_ms }) => count_unsettled_ms),
    query_ms: of(({ query_ms }) => query_ms),
    ratio_to_count: of(({ query_ms, count_ms }) => query_ms / count_ms),
    ratio_to_count_of_unsettled: of(({ query_ms, count_unsettled_ms }) => query_ms / count_unsettled_ms),
    plans,
    goals: [
      atMost(
        'rows read for each order that is not settled, plan for its parameter',
        MOST_ROWS_PER_ORDER,
        rowsPerOrder(plans.force_custom_plan),
      ),
      atMost(
        'rows read for each order that is not settled, plan for any parameter',
        MOST_ROWS_PER_ORDER,
        rowsPerOrder(plans.force_generic_plan),
      ),
    ],
    rounds,
  };
}

/** The report as text, its tables drawn by `draw`. */
export function describeConvergence(report: ConvergenceReport, draw: (table: Table) => string): string {
  const { machine, postgres, orders, unsettled, rounds, plans } = report;
  const counted = orders.toLocaleString('en');
  return [
    describeSetting(machine, postgres),
    `${counted} orders, ${unsettled.toLocaleString('en')} of them not settled; ${rounds.length} rounds; median (min..max) over the rounds`,
    '',
    draw([
      ['query', 'ms', 'the convergence query by it'],
      [`count of all ${counted} orders`, spread(report.count_ms), spread(report.ratio_to_count)],
      [
        'count of those that are not settled',
        spread(report.count_unsettled_ms),
        spread(report.ratio_to_count_of_unsettled),
      ],
      ['convergence, exact in every round', spread(report.query_ms), ''],
    ]),
    ...(['force_custom_plan', 'force_generic_plan'] as const).flatMap((mode) => [
      '',
      mode === 'force_custom_plan' ? 'Plan for its parameter' : 'Plan for any parameter',
      '',
      draw([
        ['scan', 'rows read', 'pages'],
        ...plans[mode].map(({ scan, on, rows, pages }) => [`${scan} on ${on}`, figure(rows), figure(pages)]),
      ]),
    ]),
    '',
    draw(goalsTable(report.goals)),
    '',
  ].join('\n');
}
