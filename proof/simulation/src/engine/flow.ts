export const PROCESSES = [
  'client',
  'server',
  'worker',
  'second_worker',
  'processing',
  'second_processing',
  'transactions',
  'trust',
  'wallet',
] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** What a flow does next. Between two effects anything may happen, the end of its process included. */
export type Effect =
  | { kind: 'step'; what: string; may_fail: boolean }
  | { kind: 'sleep'; ms: number }
  | { kind: 'call'; to: ProcessName; what: string; handle: () => Flow<unknown> };

/** The work of a process, one effect after another. */
export type Flow<Result> = Generator<Effect, Result, unknown>;

/** Work that happens whole or not at all, as a transaction that holds its locks. */
export function* atomically<Result>(what: string, work: () => Result): Flow<Result> {
  yield { kind: 'step', what, may_fail: true };
  return work();
}

/** The same in a process outside of the system, which does not fail. */
export function* outside<Result>(what: string, work: () => Result): Flow<Result> {
  yield { kind: 'step', what, may_fail: false };
  return work();
}

export function* sleep(ms: number): Flow<void> {
  yield { kind: 'sleep', ms };
}

/** Calls another process. Null: there was no answer, and it is unknown whether the request took effect. */
export function* call<Answer>(
  to: ProcessName,
  what: string,
  handle: () => Flow<Answer>,
): Flow<Answer | null> {
  return (yield { kind: 'call', to, what, handle }) as Answer | null;
}

/** Repeats a call until it is answered. */
export function* callUntilAnswered<Answer>(
  to: ProcessName,
  what: string,
  handle: () => Flow<Answer>,
): Flow<Answer> {
  for (;;) {
    const answer = yield* call(to, what, handle);
    if (answer !== null) return answer;
    yield* sleep(1_000);
  }
}
