import { CashbackError } from '@cashback/contract';
import type { Database } from '@cashback/postgres';
import { type Log, type Loop, type Readiness, createLoop } from '@cashback/service';
import { countUnadopted, listUnadopted } from '../../db/queries/adoption/list-unadopted.ts';
import type { Settings } from '../../env.ts';
import type { Adopter } from './adopt-history.ts';
import { AT_START, WALK_START, walkOn } from './walk-progress.ts';

const COUNTED = 1_000;
/** After that the rest of a page is left to the next turn. */
const TURN_MS = 20_000;
/** That, and the slowest listing. */
const TURN_BOUND_MS = 300_000;

/**
 * After a restore adopts what Trust has of every invoice, also of those that no operation comes for. One page a turn, so
 * that the size of a page and the interval bound the rate. The feed of cashback has each invoice that changes.
 */
export function walkUnadopted({
  database,
  adopter,
  settings,
  log,
  readiness,
}: {
  database: Database;
  adopter: Pick<Adopter, 'adopt'>;
  settings: Pick<
    Settings,
    'adoption_interval_ms' | 'adoption_batch' | 'adoption_concurrency' | 'adoption_retry_max_ms'
  >;
  log: Log;
  readiness: Readiness;
}): Loop {
  const { adoption_interval_ms, adoption_batch, adoption_concurrency, adoption_retry_max_ms } = settings;
  let after = WALK_START;
  let progress = AT_START;
  let resumesAt = 0;

  /** Whether the invoice was left for a later pass. */
  async function fails(invoiceId: string): Promise<boolean> {
    try {
      await adopter.adopt(invoiceId);
      return false;
    } catch (error) {
      if (error instanceof CashbackError) {
        log.debug({ invoice_id: invoiceId, reason: error.message }, 'invoice is adopted later');
      } else {
        log.error({ err: error, invoice_id: invoiceId }, 'invoice cannot be adopted and is tried again');
      }
      return true;
    }
  }

  return createLoop({
    name: 'adoption',
    log,
    readiness,
    interval_ms: adoption_interval_ms,
    turn_bound_ms: TURN_BOUND_MS,
    run: async (signal) => {
      const startedAt = performance.now();
      if (startedAt < resumesAt) return;
      const page = await listUnadopted(database.pool, after, adoption_batch);
      const waiting = page.values();
      let visited = 0;
      let failed = 0;
      const work = async (): Promise<void> => {
        for (const { invoice_id } of waiting) {
          visited += 1;
          // oxlint-disable-next-line no-await-in-loop -- one after the other, in each of the parallel rows
          if (await fails(invoice_id)) failed += 1;
          if (signal.aborted || performance.now() - startedAt > TURN_MS) return;
        }
      };
      await Promise.all(Array.from({ length: adoption_concurrency }, work));
      const options = { page_size: adoption_batch, max_ms: adoption_retry_max_ms };
      const next = walkOn(progress, page, { visited, failed }, options);
      ({ after, progress } = next);
      resumesAt = performance.now() + next.wait_ms;
      if (failed > 0) {
        log.warn({ visited, failed, wait_ms: next.wait_ms }, 'invoices are left to be adopted later');
      }
    },
  });
}

/** For the health. `left`: invoices not yet compared with Trust since the restore, counted up to 1,000. */
export async function adoptionLag(database: Database): Promise<{ left: number }> {
  return { left: await countUnadopted(database.pool, COUNTED) };
}
