interface Entry {
  at: number;
  work(): void;
}

/** What is to happen, by virtual time; at the same moment in the order in which it was planned. */
export interface Agenda {
  readonly size: number;
  add(at: number, work: () => void): void;
  /** The earliest; undefined when nothing is left. */
  take(): Entry | undefined;
}

export function createAgenda(): Agenda {
  // Latest first: the next one is at the end, and few are planned at a time.
  const entries: Entry[] = [];
  return {
    get size() {
      return entries.length;
    },
    add(at, work) {
      let place = entries.length;
      while (place > 0 && (entries[place - 1] as Entry).at <= at) place -= 1;
      entries.splice(place, 0, { at, work });
    },
    take: () => entries.pop(),
  };
}
