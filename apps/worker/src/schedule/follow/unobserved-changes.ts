import type { CashbackVersion, ForeignChange } from '@cashback/cashback-db';

/**
 * Foreign changes whose versions were not observed yet. An order that is made due may be observed through a replica that
 * does not have the change, and settles: it is made due again. In memory only: what is lost here is found when something
 * else makes the order due.
 */
export interface UnobservedChanges {
  add(changes: readonly ForeignChange[]): void;
  /** Takes those that were added long enough ago. */
  take(): CashbackVersion[];
  /** Keeps those of the taken ones that are still unobserved, for some more checks. */
  keep(changes: readonly ForeignChange[]): void;
}

/** The wait before the first check. It doubles up to the longest one: all together last for four times the default bound of a lag. */
const CHECK_AFTER_MS = 3_000;
const MAX_CHECK_AFTER_MS = 24_000;
const MAX_CHECKS = 7;
const MAX_CHANGES = 10_000;

interface Entry {
  change: ForeignChange;
  check_at: number;
  checks: number;
}

export function createUnobservedChanges(now: () => number = Date.now): UnobservedChanges {
  const entries = new Map<string, Entry>();
  const taken = new Map<string, number>();

  function set(change: ForeignChange, checks: number): void {
    if (entries.size >= MAX_CHANGES && !entries.has(change.order_id)) return;
    entries.set(change.order_id, {
      change,
      checks,
      check_at: now() + Math.min(MAX_CHECK_AFTER_MS, CHECK_AFTER_MS * 2 ** checks),
    });
  }
  return {
    add(changes) {
      for (const change of changes) if (!change.is_observed) set(change, 0);
    },
    take() {
      taken.clear();
      const due = [...entries.values()].filter(({ check_at }) => check_at <= now());
      for (const { change, checks } of due) {
        entries.delete(change.order_id);
        taken.set(change.order_id, checks + 1);
      }
      return due.map(({ change: { order_id, cashback_epoch, cashback_version } }) => ({
        order_id,
        cashback_epoch,
        cashback_version,
        operation_id: null,
      }));
    },
    keep(changes) {
      for (const change of changes) {
        const checks = taken.get(change.order_id) ?? MAX_CHECKS;
        if (checks < MAX_CHECKS) set(change, checks);
      }
    },
  };
}
