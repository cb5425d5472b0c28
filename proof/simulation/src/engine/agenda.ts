interface Entry {
  at: number;
  work(): void;
}

/** Planned work, by virtual time. Work of the same moment keeps the order in which it was planned. */
export interface Agenda {
  readonly size: number;
  add(at: number, work: () => void): void;
  /** Takes the earliest entry; undefined when none is left. */
  take(): Entry | undefined;
}

export function createAgenda(): Agenda {
  // Latest first: the next entry is at the end, and there are few.
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
