import {
  type AttentionRow,
  countAttention,
  findOrders,
  insertResumes,
  listAttention,
  loadAttention,
  lockOrders,
  lockReports,
  makeDue,
  replaceReports,
  requestResume,
  resumeOrders,
} from '@cashback/cashback-db';
import type {
  AttentionCountInput,
  AttentionCountOutput,
  AttentionListInput,
  AttentionListOutput,
  AttentionReportOutput,
  AttentionResumeOutput,
  ParsedAttentionReportInput,
  ParsedAttentionResumeInput,
} from '@cashback/contract';
import { type Database, type Reader, type Transaction, withTransaction } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { formatAttentionCursor, readAttentionCursor } from '../attention/attention-cursor.ts';
import { attentionEntry } from '../attention/attention-entry.ts';
import { type DecidedResume, decideResumes } from '../attention/decide-resumes.ts';

/** Orders whose locks one transaction holds. */
const PART_SIZE = 100;

/** A page of the orders that need attention, longest first. Throws CURSOR_INVALID. */
export async function showAttention(
  reader: Reader,
  { after, limit, ...filter }: AttentionListInput,
): Promise<AttentionListOutput> {
  const position = after === undefined ? null : readAttentionCursor(after);
  const rows = await listAttention(reader, filter, { after: position, limit });
  const last = rows.at(-1);
  const as_of = last?.as_of ?? new Date();
  return {
    as_of: as_of.toISOString(),
    orders: rows.map((row) => attentionEntry(row, as_of)),
    cursor: last === undefined || rows.length < limit ? null : formatAttentionCursor(last),
  };
}

/** How many orders need attention, by service, origin and code. */
export async function showAttentionCount(
  reader: Reader,
  input: AttentionCountInput,
): Promise<AttentionCountOutput> {
  const { as_of, counts } = await countAttention(reader, input);
  return {
    as_of: as_of.toISOString(),
    counts: counts.map(({ oldest_since, ...count }) => ({
      ...count,
      oldest_since: oldest_since.toISOString(),
      oldest_age_ms: Math.max(0, as_of.getTime() - oldest_since.getTime()),
    })),
  };
}

export interface ResumeOptions {
  database: Database;
  log: Log;
  caller: string;
}

/**
 * Takes orders out of attention: the worker observes and decides, processing tries again. No money moves by it. A repeat
 * finds the orders resumed, and changes nothing.
 */
export async function resumeAttention(
  { order_ids, filter, limit, dry_run }: ParsedAttentionResumeInput,
  { database, log, caller }: ResumeOptions,
): Promise<AttentionResumeOutput> {
  const selected = await selectOrders(database.pool, { order_ids, filter, limit });
  const orders: DecidedResume[] = [];
  for (let start = 0; start < selected.order_ids.length; start += PART_SIZE) {
    const part = selected.order_ids.slice(start, start + PART_SIZE);
    const resume = async (tx: Transaction): Promise<DecidedResume[]> => {
      if (!dry_run) {
        await lockOrders(tx, part);
        await lockReports(tx);
      }
      const registered = await findOrders(tx.client, part);
      const needs = (await loadAttention(tx, part)).filter(selected.includes);
      const decided = decideResumes(part, { registered, needs });
      if (!dry_run) await apply(tx, decided, caller);
      return decided;
    };
    orders.push(...(await withTransaction(database, resume)));
  }
  if (!dry_run) logResumed(log, orders, caller);
  return {
    dry_run,
    orders: orders.map(({ order_id, origin, outcome }) => ({ order_id, origin, outcome })),
    more: selected.more,
  };
}

interface Selected {
  order_ids: string[];
  /** Whether a need for attention of one of them is meant. */
  includes: (need: AttentionRow) => boolean;
  more: boolean;
}

async function selectOrders(
  reader: Reader,
  { order_ids, filter = {}, limit }: Pick<ParsedAttentionResumeInput, 'order_ids' | 'filter' | 'limit'>,
): Promise<Selected> {
  if (order_ids !== undefined) return { order_ids, includes: () => true, more: false };
  // Held orders are named only to a caller that asks for them: they would stand before all others forever.
  const resumable = filter.code !== 'held_by_breaker';
  const rows = await listAttention(reader, filter, { after: null, limit, resumable });
  const found = new Set(rows.map(keyOf));
  return {
    order_ids: [...new Set(rows.map(({ order_id }) => order_id))],
    includes: (need) => found.has(keyOf(need)),
    more: rows.length === limit,
  };
}

/** A need that has begun meanwhile is another one, and the filter may not find it. */
function keyOf({ order_id, origin, code, since }: AttentionRow): string {
  return `${origin} ${order_id} ${code} ${since.toISOString()}`;
}

async function apply(tx: Transaction, decided: readonly DecidedResume[], caller: string): Promise<void> {
  const needs = decided.flatMap(({ need, is_new }) => (is_new && need !== null ? [need] : []));
  const [ours, reported] = [
    needs.filter(({ origin }) => origin === 'worker'),
    needs.filter(({ origin }) => origin !== 'worker'),
  ];
  const orderIds = ours.map(({ order_id }) => order_id);
  await insertResumes(tx, needs, caller);
  await resumeOrders(tx, orderIds, { by_person: true });
  await makeDue(tx, orderIds, 'resume');
  await requestResume(tx, reported);
}

function logResumed(log: Log, orders: readonly DecidedResume[], caller: string): void {
  for (const { order_id, origin, need, is_new } of orders) {
    if (is_new) log.info({ order_id, origin, code: need?.code, caller }, 'order was resumed');
  }
}

/** Replaces what an app reports of the covered orders. */
export async function reportAttention(
  database: Database,
  input: ParsedAttentionReportInput,
): Promise<AttentionReportOutput> {
  return { resume: await withTransaction(database, (tx) => replaceReports(tx, input)) };
}
