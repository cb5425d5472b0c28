import type { RegisterInput, RegisterOutput } from '@cashback/contract';
import type { RegisterManyResult } from './register-many.ts';

interface Waiting {
  input: RegisterInput;
  resolve: (output: RegisterOutput) => void;
  reject: (error: unknown) => void;
}

/** Calls of `register` in one turn of the event loop share a request; a lone call waits for no timer. */
export function createRegisterTogether(
  registerMany: (inputs: readonly RegisterInput[]) => Promise<RegisterManyResult[]>,
): (input: RegisterInput) => Promise<RegisterOutput> {
  let waiting: Waiting[] = [];

  async function send(): Promise<void> {
    const calls = waiting;
    waiting = [];
    try {
      const results = await registerMany(calls.map(({ input }) => input));
      calls.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result !== undefined && 'result' in result) resolve(result.result);
        else reject(result?.error ?? new Error('the answer has too few results'));
      });
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  return (input) =>
    new Promise<RegisterOutput>((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (waiting.length === 1) setImmediate(() => void send());
    });
}
