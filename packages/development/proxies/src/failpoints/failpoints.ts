/** Something of a process that another party sees: a statement at Postgres, a request, an answer. */
export interface Effect {
  /** The process. */
  by: string;
  /** `cashback.insert-events`, `COMMIT of cashback.insert-events`, `POST /baskets`, `answer to POST /baskets`. */
  name: string;
  /** False of a statement that has changed nothing, once it is answered. */
  changes: boolean;
}

/**
 * What becomes of the connection at a failpoint: all goes on; or the connection is reset, with what was not delivered
 * yet lost; or nothing more comes of this, and nobody is told.
 */
export type Fate = 'go_on' | 'reset' | 'hang';

/** A place between two effects of a process. */
export interface Failpoint {
  by: string;
  /** Of the effect. */
  name: string | RegExp;
  /** Of the effects of that name, from when it is set: 1 is the next one. `every`: each of them, until it is cleared. */
  nth: number | 'every';
  /**
   * `before`: the process has done its part, and nobody has seen it. `after`: it took hold for certain, as the other
   * party has answered, and the process has not heard of it; of an answer: the other party has it.
   */
  when: 'before' | 'after';
  /** Called there; the effect, or its answer, waits for it. */
  act(): Fate | Promise<Fate>;
}

export interface SetFailpoint {
  /** Resolves when it is reached for the first time. */
  reached: Promise<void>;
  wasReached(): boolean;
  clear(): void;
}

/** The failpoints of some processes; the roads that these use report to it. */
export interface Failpoints {
  set(failpoint: Failpoint): SetFailpoint;
  clearAll(): void;
  /** Starts to list effects; returns what ends it, and gives them in their order. */
  listen(): () => Effect[];
  /** For a road: notes an effect, and returns what to ask before it and after it. */
  meet(effect: Effect): Record<Failpoint['when'], () => Promise<Fate>>;
}

interface Armed extends Failpoint {
  enter(): Promise<Fate>;
}

/** Counts down to the effect that is meant. */
function isMet(one: Armed, { by, name }: Effect): boolean {
  if (one.by !== by || !(typeof one.name === 'string' ? one.name === name : one.name.test(name)))
    return false;
  return one.nth === 'every' || (one.nth -= 1) === 0;
}

/** All of them, one after the other: each was counted down to here. The first that does not let it go on decides. */
async function enterAll(met: readonly Armed[]): Promise<Fate> {
  let decided: Fate = 'go_on';
  for (const one of met) {
    const fate = await one.enter();
    if (decided === 'go_on') decided = fate;
  }
  return decided;
}

export function createFailpoints(): Failpoints {
  const armed = new Set<Armed>();
  const listeners = new Set<Effect[]>();
  return {
    set(failpoint) {
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      let was = false;
      const one: Armed = {
        ...failpoint,
        async enter() {
          was = true;
          resolve();
          return failpoint.act();
        },
      };
      armed.add(one);
      return { reached, wasReached: () => was, clear: () => void armed.delete(one) };
    },
    clearAll() {
      armed.clear();
    },
    listen() {
      const heard: Effect[] = [];
      listeners.add(heard);
      return () => {
        listeners.delete(heard);
        return heard;
      };
    },
    meet(effect) {
      for (const heard of listeners) heard.push(effect);
      const met = [...armed].filter((one) => isMet(one, effect));
      for (const one of met) if (one.nth !== 'every') armed.delete(one);
      return {
        before: () => enterAll(met.filter(({ when }) => when === 'before')),
        after: () => enterAll(met.filter(({ when }) => when === 'after')),
      };
    },
  };
}
