import type { Harness } from './harness.ts';

/** One guarantee of `docs/transactions-api.md`, and how to check it. */
export interface Guarantee {
  id: `T${number}`;
  title: string;
  /** Runs with no other guarantee beside it. */
  exclusive?: true;
  /** Resolves with what was observed; throws `Broken` or `NotShown`. */
  check(harness: Harness): Promise<string>;
}
