export type ProcessName = 'client' | 'server' | 'worker' | 'processing' | 'transactions' | 'trust' | 'wallet';

/** What a flow does next. Between two of them anything may happen, its own end included. */
export type Effect =
  | { kind: 'step'; what: string; may_fail: boolean }
  | { kind: 'sleep'; ms: number }
  | { kind: 'call'; to: ProcessName; what: string; handle: () => Flow<unknown> };

/** What a process does, one effect after another. */
export type Flow<Result> = Generator<Effect, Result, unknown>;

/** Work that takes place whole or not at all, as a transaction does that holds its locks. */
export function* atomically<Result>(what: string, work: () => Result): Flow<Result> {
  yield { kind: 'step', what, may_fail: true };
  return work();
}

/** The same in a process that is outside of the system and does not fail. */
export function* outside<Result>(what: string, work: () => Result): Flow<Result> {
  yield { kind: 'step', what, may_fail: false };
  return work();
}

export function* sleep(ms: number): Flow<void> {
  yield { kind: 'sleep', ms };
}

/** Asks another process. Null: no answer came, and whether the request took effect is not known. */
export function* call<Answer>(
  to: ProcessName,
  what: string,
  handle: () => Flow<Answer>,
): Flow<Answer | null> {
  return (yield { kind: 'call', to, what, handle }) as Answer | null;
}

/** Asks until an answer comes. */
export function* insist<Answer>(to: ProcessName, what: string, handle: () => Flow<Answer>): Flow<Answer> {
  for (;;) {
    const answer = yield* call(to, what, handle);
    if (answer !== null) return answer;
    yield* sleep(1_000);
  }
}
