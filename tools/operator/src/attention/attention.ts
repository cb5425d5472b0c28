import type { CashbackClient } from '@cashback/client';
import {
  type AttentionEntry,
  type AttentionFilter,
  type AttentionResumeOutput,
  MAX_RESUMES,
} from '@cashback/contract';

type Server = Pick<CashbackClient, 'attention'>;

const PAGE_SIZE = 500;

/** The orders that have needed attention for longest, at most `limit`. */
export async function listAll(
  { attention }: Server,
  filter: AttentionFilter,
  limit: number,
): Promise<{ orders: AttentionEntry[]; more: boolean }> {
  const orders: AttentionEntry[] = [];
  let after: string | null | undefined;
  while (after !== null && orders.length < limit) {
    const size = Math.min(PAGE_SIZE, limit - orders.length);
    const page = await attention.list({ ...filter, limit: size, ...(after !== undefined && { after }) });
    orders.push(...page.orders);
    after = page.cursor;
  }
  return { orders, more: after !== null };
}

export type Resumed = AttentionResumeOutput['orders'][number];

export interface ResumeReport {
  dry_run: boolean;
  orders: Resumed[];
  /** With a filter: it may find further orders. */
  more: boolean;
}

/** Given orders, or at most `limit` of those that a filter finds. */
export type ResumeSelection = { order_ids: readonly string[] } | { filter: AttentionFilter; limit: number };

/** Page by page. `onPage` gets what was resumed up to then, which stays resumed when a later page fails. */
export async function resumeAll(
  { attention }: Server,
  selection: ResumeSelection,
  { dry_run, onPage }: { dry_run: boolean; onPage: (report: ResumeReport) => void },
): Promise<ResumeReport> {
  const report: ResumeReport = { dry_run, orders: [], more: false };
  const add = ({ orders, more }: AttentionResumeOutput): void => {
    report.orders.push(...orders);
    report.more = more;
    onPage(report);
  };
  if ('order_ids' in selection) {
    for (let start = 0; start < selection.order_ids.length; start += MAX_RESUMES) {
      const order_ids = selection.order_ids.slice(start, start + MAX_RESUMES);
      add(await attention.resume({ order_ids, dry_run }));
    }
    return report;
  }
  const filter = await boundInTime({ attention }, selection.filter);
  // A dry run changes nothing, so a second page would be the first one again.
  const pages = dry_run ? 1 : Number.POSITIVE_INFINITY;
  for (let page = 0; page < pages && (page === 0 || report.more); page += 1) {
    const limit = Math.min(MAX_RESUMES, selection.limit - report.orders.length);
    if (limit <= 0) break;
    const before = report.orders.length;
    add(await attention.resume({ filter, limit, dry_run }));
    const isProgress = report.orders.slice(before).some(({ outcome }) => outcome !== 'held');
    if (!isProgress) break;
  }
  return report;
}

/** An order that is resumed and needs attention again meanwhile is not found a second time. */
async function boundInTime({ attention }: Server, filter: AttentionFilter): Promise<AttentionFilter> {
  if (filter.older_than !== undefined) return filter;
  const { as_of } = await attention.list({ ...filter, limit: 1 });
  return { ...filter, older_than: as_of };
}
