/** What faults did past the system's own senders: invariants 5 to 8 and 12 speak of those senders alone. */
export interface Interventions {
  /** Operations of another caller of `transactions`, each with its order. */
  readonly foreign: Map<string, string>;
}

export function createInterventions(): Interventions {
  return { foreign: new Map() };
}
