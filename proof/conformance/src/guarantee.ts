import type { Harness } from './harness.ts';

/** One sentence of `docs/transactions-api.md`, and how to look for it. */
export interface Guarantee {
  id: `T${number}`;
  title: string;
  /** Nothing else is looked at meanwhile. */
  exclusive?: true;
  /** Resolves with what was seen; throws `Broken` or `NotShown`. */
  check(harness: Harness): Promise<string>;
}
