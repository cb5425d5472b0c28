import { formatAmount, parseBalance } from '@cashback/contract';
import { INVARIANTS } from '@cashback/invariants';
import type { BySource, Report } from './report.ts';

const SHOWN = 10;

/** The report for a person: what was done, where the money is, and whether every promise held. */
export function printReport(report: Report): string {
  const { played, registers, totals, violations } = report;
  const changes = played.refund_part + played.refund_all + played.clear_again + played.cancel;
  const lines = [
    `Cashback demo, run ${report.run}`,
    '',
    `  orders       ${report.orders} played, ${report.settled} settled, ${report.unsettled} unsettled, ${report.rejected.length} lines rejected`,
    `  changes      ${changes}: ${played.refund_part} partial refunds, ${played.refund_all} full refunds, ${played.clear_again} cleared again, ${played.cancel} cancelled`,
    `  noise        ${played.replayed_callbacks} callbacks repeated out of order, ${played.spend} wallets spent from${killed(report)}`,
    `  registers    ${registers.registered} registered, ${registers.unchanged} unchanged, ${registers.stale} stale`,
    `  pushes       ${report.pushes} balance changes pushed`,
    '',
    `  ${'money'.padEnd(12)} ${'user'.padStart(14)} ${'service'.padStart(14)} ${'together'.padStart(14)}`,
    row('target', totals.target),
    row('rewarded', totals.rewarded),
    row('top-ups', totals.topups),
    row('refunds', totals.refunds),
    `  ${'in wallets'.padEnd(12)} ${''.padStart(29)} ${totals.wallets.padStart(14)}`,
    `  ${'spent'.padEnd(12)} ${''.padStart(29)} ${totals.spent.padStart(14)}`,
    '',
    ...invariants(report),
    ...section(
      'rejected lines',
      report.rejected,
      ({ line, column, reason }) => `line ${line}, ${column}: ${reason}`,
    ),
    ...section('unsettled', report.unsettled_orders, ({ order_id, detail }) => `${order_id}: ${detail}`),
    ...section(
      'violations',
      violations,
      ({ invariant, order_id, detail }) => `${invariant}. ${order_id}: ${detail}`,
    ),
    `${verdict(report)} in ${report.seconds.toFixed(1)} s`,
  ];
  return `${lines.join('\n')}\n`;
}

function killed({ killed }: Report): string {
  return killed.length === 0 ? '' : `, killed in the middle: ${killed.join(', ')}`;
}

function row(name: string, { user, service }: BySource): string {
  const together = formatAmount(parseBalance(user) + parseBalance(service));
  return `  ${name.padEnd(12)} ${user.padStart(14)} ${service.padStart(14)} ${together.padStart(14)}`;
}

function invariants({ violations }: Report): string[] {
  const held = INVARIANTS.map(({ number, title }) => {
    const broken = violations.filter(({ invariant }) => invariant === number).length;
    return `  ${broken === 0 ? 'holds ' : 'BROKEN'} ${String(number).padStart(2)}  ${title}${broken === 0 ? '' : ` (${broken} violations)`}`;
  });
  return [...held, ''];
}

function section<Entry>(title: string, entries: readonly Entry[], show: (entry: Entry) => string): string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, SHOWN).map((entry) => `    ${show(entry)}`);
  const more =
    entries.length > SHOWN ? [`    .. and ${entries.length - SHOWN} more (--json FILE has them all)`] : [];
  return [`  ${title}:`, ...shown, ...more, ''];
}

function verdict({ violations, unsettled, rejected }: Report): string {
  if (violations.length > 0) return `BROKEN: ${violations.length} violations`;
  if (unsettled > 0) return `NOT SETTLED: ${unsettled} orders`;
  return `All settled, every invariant holds${rejected.length > 0 ? `, ${rejected.length} lines rejected` : ''}`;
}
