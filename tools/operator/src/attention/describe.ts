import type { AttentionCountOutput, AttentionEntry } from '@cashback/contract';
import type { ResumeReport, Resumed } from './attention.ts';
import { formatAge, formatTable } from './format.ts';

const NO_CODE = '-';

export function describeList(orders: readonly AttentionEntry[], more: boolean): string {
  if (orders.length === 0) return 'no order needs attention';
  const rows = orders.map((order) => [
    formatAge(order.age_ms),
    order.origin,
    order.code ?? NO_CODE,
    order.service,
    order.order_id,
    `${order.reason}${marksOf(order)}`,
  ]);
  const table = formatTable([['AGE', 'ORIGIN', 'CODE', 'SERVICE', 'ORDER', 'REASON'], ...rows]);
  return more ? `${table}\nthere are more: --limit` : table;
}

function marksOf({ stale, resume_requested }: AttentionEntry): string {
  return `${stale ? ' (stale)' : ''}${resume_requested ? ' (resume requested)' : ''}`;
}

export function describeCounts({ counts }: AttentionCountOutput): string {
  if (counts.length === 0) return 'no order needs attention';
  const rows = counts.map(({ orders, stale, oldest_age_ms, service, origin, code }) => [
    `${orders}${stale > 0 ? ` (${stale} stale)` : ''}`,
    formatAge(oldest_age_ms),
    service,
    origin,
    code ?? NO_CODE,
  ]);
  return formatTable([['ORDERS', 'OLDEST', 'SERVICE', 'ORIGIN', 'CODE'], ...rows]);
}

/** The orders that were not resumed by name, the others by number. */
export function describeResumes({ dry_run, orders, more }: ResumeReport): string {
  const counted = (['resumed', 'requested'] as const).map(
    (outcome) => `${orders.filter((order) => order.outcome === outcome).length} ${outcome}`,
  );
  const lines = [`${dry_run ? 'would be: ' : ''}${counted.join(', ')}`, ...orders.flatMap(leftOut)];
  return [...lines, ...(more ? ['there are more of the filter'] : [])].join('\n');
}

const LEFT_OUT: Readonly<Record<string, string>> = {
  held: 'held by the breaker: it needs a release',
  not_needed: 'needs no attention',
  not_found: 'was never registered',
};

function leftOut({ order_id, outcome }: Resumed): string[] {
  const reason = LEFT_OUT[outcome];
  return reason === undefined ? [] : [`  ${order_id}: ${reason}`];
}
