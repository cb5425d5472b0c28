import { INVARIANTS, type Violation } from '@cashback/invariants';

export interface ChaosReport {
  seed: number;
  minutes: number;
  /** Orders of the shop, and the steps played on them. */
  orders: number;
  steps: number;
  /** Calls of clients that register the same order at the same time, and how many were never answered. */
  contended_calls: number;
  unanswered_calls: number;
  /** Contended orders whose calls have too many possible orders to try. */
  undecided_histories: string[];
  /** Apps that ended by themselves. */
  crashed: string[];
  /** How often each kind of fault affected something. */
  fired: Record<string, number>;
  /** Kinds that cannot happen on this machine, and why. */
  skipped: Record<string, string>;
  /** How many orders needed attention at some time. One that does in the end is a violation of 17. */
  needed_attention: number;
  unsettled: { order_id: string; detail: string }[];
  violations: Violation[];
  /** What the tables say about some of the orders with a problem, oldest first. */
  histories: { order_id: string; lines: string[] }[];
  seconds: number;
}

/** Kinds that could have happened and never affected anything. The run shows nothing about them, and fails. */
export function neverFired({ fired, skipped }: Pick<ChaosReport, 'fired' | 'skipped'>): string[] {
  return Object.keys(fired).filter((name) => fired[name] === 0 && !(name in skipped));
}

export function hasPassed(report: ChaosReport): boolean {
  const { violations, unsettled, crashed } = report;
  const problems = [violations, unsettled, crashed, neverFired(report)];
  return problems.every(({ length }) => length === 0);
}

/** For a person. The last line is the summary; the lines before it say what to examine. */
export function describeReport(report: ChaosReport): string {
  const { fired, skipped, violations, unsettled } = report;
  const missing = neverFired(report);
  const titles = new Map<number, string>(INVARIANTS.map(({ number, title }) => [number, title]));
  const lines = [
    `Chaos of ${report.minutes} minutes, seed ${report.seed}`,
    '',
    ...Object.entries(fired)
      .filter(([name, count]) => count > 0 && !(name in skipped))
      .map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`),
    ...Object.entries(skipped).map(([name, why]) => `  skipped  ${name}: ${why}`),
    '',
    ...missing.map(
      (name) => `NEVER HAPPENED  ${name}: it affected nothing, so this run shows nothing about it`,
    ),
    ...report.crashed.map((app) => `ENDED BY ITSELF  ${app}: the end of its log says why`),
    ...unsettled.map(({ order_id, detail }) => `UNSETTLED  ${order_id}: ${detail}`),
    ...violations.map(
      ({ invariant, order_id, detail }) =>
        `VIOLATION of ${invariant}, ${titles.get(invariant)}: ${order_id} ${detail}`,
    ),
    ...report.histories.flatMap(({ order_id, lines: history }) => [
      '',
      `What the tables say about ${order_id}, oldest first:`,
      ...history.map((line) => `  ${line}`),
    ]),
    `${report.orders} orders in ${report.steps} steps; ${report.contended_calls} registers and reads of contended orders, ` +
      `${report.unanswered_calls} never answered, histories of ${report.undecided_histories.length} orders undecided; ${report.needed_attention} orders needed attention meanwhile`,
    `${Object.keys(fired).length - missing.length} kinds of fault happened, ${Object.keys(skipped).length} skipped, ` +
      `${missing.length} never; ${violations.length} violations, ${unsettled.length} unsettled, ${report.seconds} s`,
  ];
  return `${lines.join('\n')}\n`;
}
