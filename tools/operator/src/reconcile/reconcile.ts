import { type CashbackClient, CashbackClientError } from '@cashback/client';
import { MAX_RECONCILE_ORDERS } from '@cashback/contract';
import { type HttpClient, HttpCallError } from '@cashback/service';
import * as z from 'zod';
import { untilNotBusy } from '../until-not-busy.ts';

/** Given orders, or all that changed at a time or later. */
export type Selection = { order_ids: readonly string[] } | { since: Date };

export interface ReconcileReport {
  /** Orders that processing calculates and registers again; null when it was not asked. */
  enqueued: number | null;
  /** Orders that the worker observes and compares. */
  due: number;
  /** Given orders that were never registered. */
  unknown: string[];
}

export interface ReconcileOptions {
  server: Pick<CashbackClient, 'reconcile'>;
  processing: HttpClient | null;
  onPage: (report: ReconcileReport) => void;
  /** How long a side may stay too busy for the next page. */
  busy_ms?: number;
}

const BUSY_MS = 600_000;

const processingAnswer = z.object({ enqueued: z.int().min(0), after: z.string().nullable() });

interface Page {
  order_ids?: string[];
  changed_since?: string;
  after?: string;
}

/** Processing first: the worker then compares with targets that are calculated again, or soon will be. */
export async function reconcile(selection: Selection, options: ReconcileOptions): Promise<ReconcileReport> {
  const { server, processing, onPage, busy_ms = BUSY_MS } = options;
  const report: ReconcileReport = { enqueued: processing === null ? null : 0, due: 0, unknown: [] };
  if (processing !== null) {
    await forEachPage(selection, async (page) => {
      const { enqueued, after } = await untilNotBusy(
        () => processing.post('/reconcile', page, processingAnswer),
        { isBusy, busy_ms },
      );
      report.enqueued = (report.enqueued ?? 0) + enqueued;
      onPage(report);
      return after;
    });
  }
  await forEachPage(selection, async (page) => {
    const { due, unknown, after } = await untilNotBusy(() => server.reconcile(page), { isBusy, busy_ms });
    report.due += due;
    report.unknown.push(...unknown);
    onPage(report);
    return after;
  });
  return report;
}

/** `run` returns where the next page begins. */
async function forEachPage(selection: Selection, run: (page: Page) => Promise<string | null>): Promise<void> {
  if ('order_ids' in selection) {
    for (let start = 0; start < selection.order_ids.length; start += MAX_RECONCILE_ORDERS) {
      await run({ order_ids: selection.order_ids.slice(start, start + MAX_RECONCILE_ORDERS) });
    }
    return;
  }
  const changed_since = selection.since.toISOString();
  for (let after: string | null | undefined; after !== null;) {
    const next: string | null = await run({ changed_since, ...(after !== undefined && { after }) });
    if (next !== null && next === after) throw new Error(`the page after ${next} ends where it begins`);
    after = next;
  }
}

function isBusy(error: unknown): boolean {
  const isOfSide = error instanceof CashbackClientError || error instanceof HttpCallError;
  return isOfSide && error.code === 'OVERLOADED';
}
