/** A recorded call: when it was sent, when its answer arrived, both by one clock, and the answer. */
export interface RecordedCall<Input, Result> {
  /** Its subject, such as an order. Calls of different keys do not affect each other. */
  key: string;
  input: Input;
  invoked_at: number;
  /** Null without an answer. The call took effect at some time after it was sent, or never will. */
  answer: { returned_at: number; result: Result } | null;
}

/** The effect of a call that runs alone. States and results are plain data. */
export interface SequentialModel<State, Input, Result> {
  initial: State;
  apply(state: State, input: Input): { state: State; result: Result };
}

export interface History<Input, Result> {
  calls: readonly RecordedCall<Input, Result>[];
  /** Makes a call and records its answer. `run` resolves with null when the outcome is unknown. */
  record(key: string, input: Input, run: () => Promise<Result | null>): Promise<Result | null>;
}

/** Records concurrent calls. An error that `run` throws is no outcome, and is thrown on. */
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
