import type { Plant } from './plant.ts';

/** Mistakes in an attempt of processing, and in how it is recorded. */
export const PROCESSING = {
  /** An attempt that failed is recorded as one that has processed the order. */
  failure_is_processed: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      outcomeWrites(stored, attempt, ...rest) {
        const { change, outcome } = attempt;
        const invoice = { epoch: change.seen_epoch, version: change.seen_version };
        const processed = { outcome: 'processed', invoice, config_hash: null, asks_again: false } as const;
        const taken = outcome.outcome === 'failed' ? processed : outcome;
        return decisions.processing.outcomeWrites(stored, { ...attempt, outcome: taken }, ...rest);
      },
    },
  }),
  /** The failures of a side count as those of the order. */
  outage_is_of_the_order: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      attemptAfter(...input) {
        const after = decisions.processing.attemptAfter(...input);
        if (after.outcome?.outcome !== 'failed') return after;
        return { ...after, outcome: { ...after.outcome, failure_of: 'item' } };
      },
    },
  }),
  /** The end of an attempt is written over the row that it began with, whatever was noted meanwhile. */
  noted_meanwhile_lost: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      outcomeWrites: (_, attempt, ...rest) =>
        decisions.processing.outcomeWrites(attempt.change, attempt, ...rest),
    },
  }),
  /** An attempt to be repeated gets no job. */
  retry_unqueued: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      outcomeWrites: (...input) => ({ ...decisions.processing.outcomeWrites(...input), job: null }),
    },
  }),
} satisfies Record<string, Plant>;
