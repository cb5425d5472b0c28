import type { Effect } from './wire/failpoints.ts';
import { VICTIMS, type Victim } from './testbed.ts';

/** What happens at a point: the process is killed and restarted, or only its connection is lost. */
const INTERRUPTIONS = ['killed', 'cut off'] as const;
type Interruption = (typeof INTERRUPTIONS)[number];

/** A place between two effects: before or after the `nth` effect of a name. */
export interface Point {
  by: Victim;
  name: string;
  nth: number;
  when: 'before' | 'after';
  how: Interruption;
}

export function describePoint({ by, name, nth, when, how }: Point): string {
  return `${by} ${how} ${when} ${name} #${nth}`;
}

/**
 * Every point of a run that had these effects. Effects that only read are left out: seen from outside, the point before
 * one is the point after the effect that precedes it.
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
    return INTERRUPTIONS.flatMap((how) =>
      (['before', 'after'] as const).map((when) => ({ by: victim, name, nth, when, how })),
    );
  });
}
