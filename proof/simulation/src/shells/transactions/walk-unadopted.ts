import type { Flow } from '../../engine/flow.ts';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';
import { adoptHistory } from './adopt-history.ts';

/** Smaller than the number of invoices, so that pages follow each other. */
const PAGE_SIZE = 1;
const RETRY_MAX_MS = 60_000;
/** Without jitter, so that a run repeats itself. */
const MOST = (): number => 1;

/** The walk of transactions over what is not compared with Trust since a restore: a turn of its loop, a page. */
export function* walkUnadopted(world: World): Flow<void> {
  const { engine, tables, decisions } = world;
  const { unadoptedAfter, walkOn } = decisions.transactions;
  const walk = walkOf(world);
  if (world.compared !== null || engine.now() < walk.resumes_at) return;
  const epoch = newestEpoch(tables.invoice_epochs);
  const invoices = [...tables.invoices.values()].map((row) => ({ ...row, epoch }));
  const page = unadoptedAfter(invoices, walk.after, PAGE_SIZE);
  let failed = 0;
  for (const { invoice_id } of page) {
    if ((yield* adoptHistory(world, invoice_id)) !== null) failed += 1;
  }
  const options = { page_size: PAGE_SIZE, max_ms: RETRY_MAX_MS, random: MOST };
  const { wait_ms, ...next } = walkOn(walk.progress, page, { visited: page.length, failed }, options);
  world.walk = { ...walk, ...next, resumes_at: engine.now() + wait_ms };
}

/** A process that was started again begins at the start again. */
function walkOf({ engine, walk, decisions }: World): World['walk'] {
  const { AT_START, WALK_START } = decisions.transactions;
  const life = engine.life('transactions');
  return walk.life === life ? walk : { life, after: WALK_START, progress: AT_START, resumes_at: 0 };
}
