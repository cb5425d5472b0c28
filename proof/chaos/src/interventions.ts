/** What faults did past the system's own senders: invariants 5 to 8 and 12 speak of those senders alone. */
export interface Interventions {
  /** Operations of another caller of `transactions`, each with its order. */
  readonly foreign: Map<string, string>;
  readonly restores: Restore[];
}

export type Side = 'transactions' | 'server' | 'trust';

export interface Restore {
  side: Side;
  /** Orders whose rows changed after the backup: those changes were lost. */
  orders: ReadonlySet<string>;
}

export function createInterventions(): Interventions {
  return { foreign: new Map(), restores: [] };
}
