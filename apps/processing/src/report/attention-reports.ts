import type { CashbackClient } from '@cashback/client';
import type { AttentionReportInput } from '@cashback/contract';
import type { Log } from '@cashback/service';
import { type CauseRow, loadCausePage, loadCauses, readMoment } from '../db/queries/changes/load-causes.ts';
import { type Inbox, resumeOrders } from '../inbox/receive-changes.ts';
import { type Report, reportsOf } from './report-page.ts';

/*
 * The server shows which orders need attention here, and persons resume them there:
 *
 *   all of them, page by page, at an interval --+
 *                                               +--> attention.report --> replaces what was reported of those orders
 *   those that begin or end to need it, at once +          |
 *                                                          +--> the orders that a person resumed --> tried again
 *
 * A report states how things are, not what has changed, so that a lost one is made up for by the next pass. It states
 * when that was read as well, so that a late one takes back nothing newer.
 */

const PAGE_SIZE = 100;
/** More changed orders than that are left to the next pass. */
const MAX_CHANGED = 10_000;

export interface AttentionReports {
  /** Notes that orders have begun or ended to need attention. */
  note(orderIds: readonly string[]): void;
  /** Reports the next page of all orders. True when further pages follow. */
  reportPage(): Promise<boolean>;
  /** Reports orders that were noted. True when more of them wait. */
  reportChanged(): Promise<boolean>;
}

interface ReportOptions {
  inbox: Inbox;
  server: Pick<CashbackClient, 'attention'>;
  log: Log;
  /** Called when `reportChanged` has something to do. */
  onNoted: () => void;
}

export function createAttentionReports({ inbox, server, log, onNoted }: ReportOptions): AttentionReports {
  const changed = new Set<string>();
  let after = '';

  function note(orderIds: readonly string[]): void {
    if (orderIds.length === 0) return;
    for (const orderId of orderIds) if (changed.size < MAX_CHANGED) changed.add(orderId);
    onNoted();
  }

  async function report(
    covered: Pick<AttentionReportInput, 'after' | 'through' | 'order_ids'>,
    { read_at, rows, orders }: { read_at: Date; rows: readonly CauseRow[]; orders: Report[] },
  ): Promise<void> {
    const { resume } = await server.attention.report({
      origin: 'processing',
      ...covered,
      read_at: read_at.toISOString(),
      orders,
    });
    if (resume.length === 0) return;
    const since = new Map(rows.map((row) => [row.order_id, row.since]));
    const resumed = await resumeOrders(inbox, resume, since);
    for (const order_id of resumed) log.info({ order_id }, 'order was resumed at the server');
    note(resume);
  }

  return {
    note,
    async reportPage() {
      const read_at = await readMoment(inbox.database);
      const rows = await loadCausePage(inbox.database, { after, limit: PAGE_SIZE });
      const orders = reportsOf(rows);
      const isEnd = rows.length < PAGE_SIZE && orders.length === rows.length;
      const through = isEnd ? null : (orders.at(-1)?.order_id ?? null);
      await report({ after, through }, { read_at, rows, orders });
      after = through ?? '';
      return through !== null;
    },
    async reportChanged() {
      const noted = [...changed].slice(0, PAGE_SIZE);
      if (noted.length === 0) return false;
      for (const orderId of noted) changed.delete(orderId);
      const read_at = await readMoment(inbox.database);
      const rows = await loadCauses(inbox.database.pool, noted);
      const orders = reportsOf(rows);
      const left = new Set(rows.slice(orders.length).map(({ order_id }) => order_id));
      for (const orderId of left) changed.add(orderId);
      const order_ids = noted.filter((orderId) => !left.has(orderId));
      await report({ order_ids }, { read_at, rows, orders });
      return changed.size > 0;
    },
  };
}
