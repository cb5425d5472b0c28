/** An action of a process that another party sees: a statement at Postgres, a request, an answer. */
export interface Effect {
  /** The process. */
  by: string;
  /** `cashback.insert-events`, `COMMIT of cashback.insert-events`, `POST /baskets`, `answer to POST /baskets`. */
  name: string;
  /** False for a statement whose answer says that it changed nothing. */
  changes: boolean;
}

/**
 * What happens to the connection at a failpoint: it goes on; it is reset, and everything undelivered is lost; or it
 * hangs, and neither side notices.
 */
export type Fate = 'go_on' | 'reset' | 'hang';

/** A place between two effects of a process. */
export interface Failpoint {
  by: string;
  /** Of the effect. */
  name: string | RegExp;
  /** Counts the effects of that name from when it is set: 1 is the next one. `every`: each of them, until cleared. */
  nth: number | 'every';
  /**
   * `before`: the process has sent the effect, and the other party has not received it. `after`: it took effect for
   * certain, as the other party has answered, and the process has not received the answer; for an answer: the other
   * party has it.
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

/** The failpoints of some processes; the proxies that these use report to it. */
export interface Failpoints {
  set(failpoint: Failpoint): SetFailpoint;
  clearAll(): void;
  /** Starts to list effects. The function that it returns ends the list and returns it, oldest first. */
  listen(): () => Effect[];
  /** For a proxy: notes an effect, and returns what to ask before it and after it. */
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

/** Enters all of them, one after another, as each was counted down to here. The first fate that is not `go_on` wins. */
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
  const lists = new Set<Effect[]>();
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
      const effects: Effect[] = [];
      lists.add(effects);
      return () => {
        lists.delete(effects);
        return effects;
      };
    },
    meet(effect) {
      for (const effects of lists) effects.push(effect);
      const met = [...armed].filter((one) => isMet(one, effect));
      for (const one of met) if (one.nth !== 'every') armed.delete(one);
      return {
        before: () => enterAll(met.filter(({ when }) => when === 'before')),
        after: () => enterAll(met.filter(({ when }) => when === 'after')),
      };
    },
  };
}
