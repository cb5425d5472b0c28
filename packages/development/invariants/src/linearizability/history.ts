/** A call of a recorded history: when it left, when its answer came, both of one clock, and what the answer was. */
export interface RecordedCall<Input, Result> {
  /** What it is about, such as an order: calls of different keys do not affect each other. */
  key: string;
  input: Input;
  invoked_at: number;
  /** Null: no answer came. It took effect at some time after it left, or never will. */
  answer: { returned_at: number; result: Result } | null;
}

/** What a call does when nothing else is under way. States and results are plain data. */
export interface SequentialModel<State, Input, Result> {
  initial: State;
  apply(state: State, input: Input): { state: State; result: Result };
}

export interface History<Input, Result> {
  calls: readonly RecordedCall<Input, Result>[];
  /** Makes a call and keeps what became of it; `run` resolves with null when its outcome is not known. */
  record(key: string, input: Input, run: () => Promise<Result | null>): Promise<Result | null>;
}

/** Records calls that are made at the same time. One that throws is no outcome of any kind: the error is thrown on. */
export function createHistory<Input, Result>(): History<Input, Result> {
  const calls: RecordedCall<Input, Result>[] = [];
  return {
    calls,
    async record(key, input, run) {
      const call: RecordedCall<Input, Result> = {
        key,
        input,
        invoked_at: performance.now(),
        answer: null,
      };
      calls.push(call);
      const result = await run();
      if (result !== null) call.answer = { returned_at: performance.now(), result };
      return result;
    },
  };
}
