import type { HoldState } from '@cashback/cashback-db';
import type { ReleaseOutcome } from '@cashback/contract';

/** Only the revision that the caller saw is released; a newer one was decided on again. `stored` is null for no order. */
export function decideRelease(
  stored: Pick<HoldState, 'revision' | 'is_held'> | null,
  revision: number,
): ReleaseOutcome {
  if (stored === null) return 'not_found';
  if (stored.revision !== revision) return 'other_revision';
  return stored.is_held ? 'released' : 'not_held';
}
