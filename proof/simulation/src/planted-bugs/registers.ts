import type { Plant } from './plant.ts';

/** Mistakes in what a register reads, writes and counts. */
export const REGISTERS = {
  /** A register of the stored invoice version counts as stale. */
  greater_or_equal_for_greater: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      planRegisters(locks, locked, bounds) {
        const { decided } = decisions.server.planRegisters(locks, locked, bounds);
        const late = decided.map((call): typeof call =>
          call.input.invoice_version === call.stored?.invoice_version
            ? { ...call, decision: { outcome: 'stale' } }
            : call,
        );
        return decisions.server.planDecided(late, bounds);
      },
    },
  }),
  /** Earlier growth is forgotten. */
  growth_uncounted: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      countedWindow: (_, added, now) => decisions.server.countedWindow(null, added, now),
    },
  }),
  /** Held growth counts in its window, as if it had passed. */
  held_growth_counted: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      decideHolds: (...input) => ({ ...decisions.server.decideHolds(...input), discounts: [] }),
    },
  }),
  /** Every call is decided as the first one of its order. */
  decided_as_first: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      planRegisters: ({ first }, _, bounds) => decisions.server.planDecided(first, bounds),
    },
  }),
  /** The first event of a source counts as its newest one. */
  oldest_event_read: (decisions) => ({
    ...decisions,
    database: {
      ...decisions.database,
      newestEvents: (events) =>
        events.filter(({ source }, index) => index === events.findIndex((one) => one.source === source)),
    },
  }),
} satisfies Record<string, Plant>;
