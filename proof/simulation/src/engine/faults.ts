import type { Choices } from './choices.ts';

/** How often each fault happens, per thousand of its occasions. */
export interface Faults {
  /** A process ends before its next effect, with all its flows. */
  crash: number;
  /** A process stalls there for longer than every lease, and then goes on. */
  stall: number;
  lose_request: number;
  lose_answer: number;
  /** A request arrives twice, the second time perhaps much later. */
  repeat_request: number;
  /** A message takes longer than its sender's timeout. */
  delay: number;
  /** Every row of every job queue is gone. */
  wipe_queues: number;
  /** Trust refuses a request that it had accepted, or its repeat. */
  refuse: number;
  /** A basket or refund takes long to finish. */
  slow_trust: number;
  /** Transactions answers with the cashback as it was some time ago. */
  stale_answer: number;
  /** A service's own URL does not answer. */
  silent_shop: number;
  /** A callback names a version of its invoice that is not there. */
  wrong_callback: number;
  /** Transactions does not know an invoice that exists. */
  missing_answer: number;
}

/** Those that a run may have without an incident. */
type OrdinaryFault = Exclude<keyof Faults, 'missing_answer'>;

/** The strongest rate of each fault. A run has only some of them, so that frequent faults do not hide rare ones. */
const MOST: Record<OrdinaryFault, number> = {
  crash: 60,
  stall: 100,
  lose_request: 100,
  lose_answer: 100,
  repeat_request: 150,
  delay: 100,
  wipe_queues: 100,
  refuse: 150,
  slow_trust: 200,
  stale_answer: 100,
  silent_shop: 200,
  wrong_callback: 200,
};

export const FAULTS = Object.keys(MOST) as OrdinaryFault[];

export const NO_FAULTS: Readonly<Faults> = {
  ...(Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<OrdinaryFault, number>),
  missing_answer: 0,
};

const STRENGTHS = [0, 0, 0.3, 1];
const ALONE = [1, 0.3, 3];

/** Which faults a run has: one alone or several at once. */
export function chooseFaults(choices: Choices): Faults {
  const faults = { ...NO_FAULTS };
  if (choices.below(2) === 0) {
    const only = FAULTS[choices.below(FAULTS.length)];
    const strength = ALONE[choices.below(ALONE.length)] ?? 1;
    if (only !== undefined) faults[only] = Math.round(strength * MOST[only]);
    return faults;
  }
  for (const fault of FAULTS) {
    faults[fault] = Math.round(MOST[fault] * (STRENGTHS[choices.below(STRENGTHS.length)] ?? 0));
  }
  return faults;
}
