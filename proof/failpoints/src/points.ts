import type { Effect } from '@cashback/proxies/failpoints';
import { VICTIMS, type Victim } from './lab.ts';

/** What happens at a point: the process is killed and started anew, or only the connection is lost there. */
const HOWS = ['killed', 'cut off'] as const;
type How = (typeof HOWS)[number];

/** A place between two effects, by the effect and how many of its name came before it. */
export interface Point {
  by: Victim;
  name: string;
  nth: number;
  when: 'before' | 'after';
  how: How;
}

export function describePoint({ by, name, nth, when, how }: Point): string {
  return `${by} ${how} ${when} ${name} #${nth}`;
}

/**
 * Every point of a run that had these effects. What only reads is passed over: seen from outside, before it is after
 * the effect that was before it.
 */
export function pointsOf(effects: readonly Effect[]): Point[] {
  const counts = new Map<string, number>();
  return effects.flatMap(({ by, name, changes }): Point[] => {
    const victim = VICTIMS.find((one) => one === by);
    if (victim === undefined) return [];
    const key = `${by} ${name}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    if (!changes) return [];
    return HOWS.flatMap((how) =>
      (['before', 'after'] as const).map((when) => ({ by: victim, name, nth, when, how })),
    );
  });
}
