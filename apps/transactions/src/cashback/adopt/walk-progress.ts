import { backoffMs } from '@cashback/service';
import type { UnadoptedPlace } from '../../db/queries/adoption/list-unadopted.ts';

export interface WalkProgress {
  /** How many pages and passes in a row ended badly. */
  failures: number;
  /** How many invoices of this pass were left for the next one. */
  left: number;
}

export interface WalkedPage {
  visited: number;
  failed: number;
  /** The pass has seen all that there is. */
  ends: boolean;
}

export const WALK_START: UnadoptedPlace = { reconciled_epoch: 0, invoice_id: '' };

/** Where the walk goes on once it has visited the first ones of a page. `ends`: the pass has seen all that there is. */
function placeAfter(
  page: readonly UnadoptedPlace[],
  { visited, page_size }: { visited: number; page_size: number },
): { after: UnadoptedPlace; ends: boolean } {
  const ends = page.length < page_size && visited === page.length;
  return { after: ends ? WALK_START : (page[visited - 1] ?? WALK_START), ends };
}

export const AT_START: WalkProgress = { failures: 0, left: 0 };

const BASE_MS = 1_000;

/**
 * How the walk goes on after a page. It waits after a page without one success, since Trust does not answer then, and
 * after a pass that left invoices behind. It always goes on behind the page: an invoice that fails holds up no other.
 */
export function progressAfter(
  progress: WalkProgress,
  { visited, failed, ends }: WalkedPage,
  { max_ms, random }: { max_ms: number; random?: () => number },
): { progress: WalkProgress; wait_ms: number } {
  const left = progress.left + failed;
  const isBad = (visited > 0 && failed === visited) || (ends && left > 0);
  if (!isBad) return { progress: ends ? AT_START : { failures: progress.failures, left }, wait_ms: 0 };
  const failures = progress.failures + 1;
  const wait_ms = backoffMs(failures, {
    base_ms: Math.min(BASE_MS, max_ms),
    max_ms,
    ...(random !== undefined && { random }),
  });
  return { progress: { failures, left: ends ? 0 : left }, wait_ms };
}

/** The walk after the first `visited` invoices of a page, `failed` of which were left for a later pass. */
export function walkOn(
  progress: WalkProgress,
  page: readonly UnadoptedPlace[],
  { visited, failed }: Pick<WalkedPage, 'visited' | 'failed'>,
  options: { page_size: number; max_ms: number; random?: () => number },
): { after: UnadoptedPlace; progress: WalkProgress; wait_ms: number } {
  const { after, ends } = placeAfter(page, { visited, page_size: options.page_size });
  return { after, ...progressAfter(progress, { visited, failed, ends }, options) };
}
