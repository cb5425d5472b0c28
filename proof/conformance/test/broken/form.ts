import { type BrokenImplementation, type Fault, mapValues } from './exchange.ts';

/** Access and form: T1 to T4, and the form of amounts. */
export const form: readonly BrokenImplementation[] = [
  {
    does: 'is open',
    breaks: ['T1'],
    open: true,
    fault:
      () =>
      ({ forward }) =>
        forward(),
  },
  {
    does: 'drops unknown fields',
    breaks: ['T3'],
    fault:
      () =>
      ({ body, forward }) => {
        const { note: _, ...rest } = body;
        return forward(rest);
      },
  },
  {
    does: 'rounds a fifth decimal',
    breaks: ['T3'],
    fault:
      () =>
      ({ body, forward }) =>
        forward(
          mapValues(body, (key, value: unknown) =>
            key === 'amount' && typeof value === 'string' ? value.replace(/(\.\d{4})\d+$/, '$1') : value,
          ),
        ),
  },
  {
    does: 'does not name the invalid field',
    breaks: ['T3'],
    fault:
      () =>
      async ({ forward }) => {
        const answer = await forward();
        if (answer.body.error !== undefined) delete answer.body.error.issues;
        return answer;
      },
  },
  {
    does: 'answers amounts as numbers',
    breaks: ['T4', 'T5'],
    fault: () => answerAmountsAs(Number),
  },
  {
    does: 'answers amounts with two decimal places',
    breaks: ['T7'],
    fault: () => answerAmountsAs((amount) => amount.slice(0, -2)),
  },
];

function answerAmountsAs(change: (amount: string) => unknown): Fault {
  return async ({ forward }) => {
    const { status, body } = await forward();
    return {
      status,
      body: mapValues(body, (key, value) => (key === 'amount' ? change(String(value)) : value)),
    };
  };
}
