import type { CashbackClient } from '@cashback/client';
import type { AttentionReportInput } from '@cashback/contract';
import type { Log } from '@cashback/service';
import { type CauseRow, loadCausePage, loadCauses } from '../db/queries/changes/load-causes.ts';
import { type Inbox, resumeOrders } from '../inbox/receive-changes.ts';

/*
 * The server shows which orders need attention here, and persons resume them there:
 *
 *   all of them, page by page, at an interval --+
 *                                               +--> attention.report --> replaces what was reported of those orders
 *   those that begin or end to need it, at once +          |
 *                                                          +--> the orders that a person resumed --> tried again
 *
 * A report states how things are, not what has changed, so that a lost one is made up for by the next pass.
 */

const PAGE_SIZE = 200;
const MAX_REASON = 1_000;
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
    rows: readonly CauseRow[],
  ): Promise<void> {
    const { resume } = await server.attention.report({
      origin: 'processing',
      ...covered,
      orders: rows.map(reportOf),
    });
    if (resume.length === 0) return;
    const resumed = await resumeOrders(inbox, resume);
    for (const order_id of resumed) log.info({ order_id }, 'order was resumed at the server');
    note(resume);
  }

  return {
    note,
    async reportPage() {
      const rows = await loadCausePage(inbox.database, { after, limit: PAGE_SIZE });
      const through = rows.length < PAGE_SIZE ? null : (rows.at(-1)?.order_id ?? null);
      await report({ after, through }, rows);
      after = through ?? '';
      return through !== null;
    },
    async reportChanged() {
      const order_ids = [...changed].slice(0, PAGE_SIZE);
      if (order_ids.length === 0) return false;
      for (const orderId of order_ids) changed.delete(orderId);
      await report({ order_ids }, await loadCauses(inbox.database, order_ids));
      return changed.size > 0;
    },
  };
}

function reportOf({ since, reason, details, ...row }: CauseRow): AttentionReportInput['orders'][number] {
  return {
    ...row,
    reason: reason.slice(0, MAX_REASON),
    // From a column of JSON.
    details: details as AttentionReportInput['orders'][number]['details'],
    since: since.toISOString(),
  };
}
