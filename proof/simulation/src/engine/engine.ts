import { createAgenda } from './agenda.ts';
import type { Choices } from './choices.ts';
import { type Faults, NO_FAULTS, chooseFaults } from './faults.ts';
import { type Effect, type Flow, PROCESSES, type ProcessName } from './flow.ts';

export interface Engine {
  now(): number;
  choices: Choices;
  /** True as often, of a thousand occasions, as the run has this fault; never after `heal`. */
  happens(fault: keyof Faults): boolean;
  /** Starts a flow in a process; `done` is called at its end, unless the process ends first. */
  spawn(process: ProcessName, what: string, flow: Flow<void>, done?: () => void): void;
  /** Does something after a while; `idle` work does not keep the run going. */
  after(ms: number, work: () => void, idle?: 'idle'): void;
  note(what: string): void;
  /** Ends a process with all its flows, and starts it again after a while. */
  restart(process: ProcessName, down_ms: number): void;
  /** How often the process was started again: what it had in memory is of one life. */
  life(process: ProcessName): number;
  /** How long until the process runs again; 0: it runs. */
  downMs(process: ProcessName): number;
  /** Has a fault happen at least this often, of a thousand occasions. */
  intensify(fault: keyof Faults, rate: number): void;
  /** Ends all faults. */
  heal(): void;
  /** Does the next planned work; false when nothing but idle work is left. */
  advance(): boolean;
  fired: Partial<Record<keyof Faults, number>>;
}

interface Task {
  process: ProcessName;
  what: string;
  life: number;
  flow: Flow<unknown>;
  /** The last effect was a step, which may have changed rows. */
  stepped?: boolean;
  done(result: unknown): void;
}

const VICTIMS: readonly ProcessName[] = ['worker', 'transactions', 'processing', 'server', 'wallet'];
/** Shorter than the longest delays, so that a sender goes on without an answer. */
export const CALL_TIMEOUT_MS = 5_000;
const RESTART_MS = 2_000;
/** The longest delays, each as likely as the others. */
const STEP_DELAYS_MS = [0, 0, 0, 0, 5, 50, 500];
const MESSAGE_DELAYS_MS = [2, 2, 5, 20, 300, 1_000];
const LONG_MS = [1_000, 10_000, 60_000, 100_000];

/**
 * Runs flows over a virtual clock. Between any two effects of a flow its process may end or stand still, and others
 * go on; messages are lost, repeated and late. `check` is called after each that may change rows.
 */
export function createEngine(options: {
  choices: Choices;
  check: () => void;
  trace: ((line: string) => void) | null;
}): Engine {
  const { choices, check, trace } = options;
  const agenda = createAgenda();
  const lives = Object.fromEntries(PROCESSES.map((process) => [process, 0])) as Record<ProcessName, number>;
  const downUntil = { ...lives };
  const fired: Engine['fired'] = {};
  let faults: Faults = chooseFaults(choices);
  let isHealed = false;
  /** The process whose flows end and stall; null: every process. */
  const victim = [null, ...VICTIMS][choices.below(VICTIMS.length + 1)] ?? null;
  let now = 0;
  let idle = 0;

  function pick(list: readonly number[]): number {
    const most = list[choices.below(list.length)] ?? 0;
    return most === 0 ? 0 : choices.below(most + 1);
  }
  const note = (what: string): void => trace?.(`${(now / 1000).toFixed(3).padStart(9)} s  ${what}`);

  function happens(fault: keyof Faults): boolean {
    const rate = faults[fault];
    if (rate === 0 || choices.below(1000) < 1000 - rate) return false;
    fired[fault] = (fired[fault] ?? 0) + 1;
    return true;
  }

  function after(ms: number, work: () => void, kind?: 'idle'): void {
    if (kind !== 'idle') {
      agenda.add(now + ms, work);
      return;
    }
    idle += 1;
    agenda.add(now + ms, () => {
      idle -= 1;
      work();
    });
  }

  function crash(process: ProcessName, before: string): void {
    note(`${process} ends before "${before}"`);
    restart(process, RESTART_MS);
  }

  const downMs = (process: ProcessName): number => Math.max(0, downUntil[process] - now);

  function restart(process: ProcessName, down_ms: number): void {
    lives[process] += 1;
    downUntil[process] = Math.max(downUntil[process], now + down_ms);
  }

  function resume(task: Task, value: unknown): void {
    if (task.life !== lives[task.process]) return;
    const { done, value: effect } = task.flow.next(value);
    if (task.stepped === true) check();
    task.stepped = done !== true && effect.kind === 'step';
    if (done === true) task.done(effect);
    else perform(task, effect);
  }

  function perform(task: Task, effect: Effect): void {
    switch (effect.kind) {
      case 'step': {
        const may_fail = effect.may_fail && (victim ?? task.process) === task.process;
        if (may_fail && happens('crash')) return crash(task.process, effect.what);
        const stalls = may_fail && happens('stall');
        if (stalls) note(`${task.process} stalls before "${effect.what}"`);
        return after(stalls ? pick(LONG_MS) : pick(STEP_DELAYS_MS), () => resume(task, undefined));
      }
      case 'sleep':
        return after(effect.ms, () => resume(task, undefined));
      case 'call':
        return send(task, effect);
    }
  }

  /** The caller goes on with the first answer in time, else with null. */
  function send(task: Task, call: Extract<Effect, { kind: 'call' }>): void {
    let answered = false;
    const answer = (value: unknown): void => {
      if (answered) return;
      answered = true;
      resume(task, value);
    };
    const name = `${task.process} > ${call.to}: ${call.what}`;
    if (happens('lose_request')) note(`${name}: the request is lost`);
    else arrive(call, name, answer);
    if (happens('repeat_request')) {
      note(`${name}: the request is repeated on its way`);
      arrive(call, name, () => {});
    }
    after(CALL_TIMEOUT_MS, () => {
      if (!answered) note(`${name}: no answer in time`);
      answer(null);
    });
  }

  function arrive(
    call: Extract<Effect, { kind: 'call' }>,
    name: string,
    answer: (value: unknown) => void,
  ): void {
    const { to, handle } = call;
    const travel = (): number => (happens('delay') ? pick(LONG_MS) : pick(MESSAGE_DELAYS_MS));
    after(travel(), () => {
      if (downMs(to) > 0) return note(`${name}: it is down`);
      const done = (result: unknown): void => {
        if (happens('lose_answer')) return note(`${name}: the answer is lost`);
        after(travel(), () => answer(result));
      };
      begin({ process: to, what: name, life: lives[to], flow: handle(), done });
    });
  }

  function begin(task: Task): void {
    const wait_ms = downMs(task.process);
    if (wait_ms === 0) return resume(task, undefined);
    // It starts with the process, as the queue of a process that is down.
    after(wait_ms, () => begin({ ...task, life: lives[task.process] }));
  }

  return {
    now: () => now,
    choices,
    fired,
    happens,
    after,
    note,
    spawn: (process, what, flow, done = () => {}) =>
      begin({ process, what, life: lives[process], flow, done }),
    restart,
    life: (process) => lives[process],
    downMs,
    intensify(fault, rate) {
      if (!isHealed) faults = { ...faults, [fault]: Math.max(faults[fault], rate) };
    },
    heal() {
      note('nothing goes wrong any more');
      isHealed = true;
      faults = NO_FAULTS;
    },
    advance() {
      const next = agenda.take();
      if (next === undefined) return false;
      now = next.at;
      next.work();
      return agenda.size > idle;
    },
  };
}
