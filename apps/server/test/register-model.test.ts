import { callOrder, callRegister } from '@cashback/register-model/calls';
import { type ModelCall, type ModelOrder, modelResult, modelView } from '@cashback/register-model';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOTHING, callEvents, registerWithEvents } from './events-model.ts';
import { type TestServer, registerInput, startTestServer } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const amount = fc.integer({ min: 0, max: 3 });
const bySource = fc.record({ user: amount, service: amount }, { requiredKeys: [], noNullPrototype: true });

/** `expects` is relative to the stored revision; `sum: 'right'` is that of the sources, or of what is stored. */
const drawnCall = fc.record(
  {
    invoice_epoch: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null, freq: 2 }),
    user_id: fc.constantFrom('user-1', 'user-1', 'user-1', 'user-1', 'user-1', 'user-2'),
    invoice_version: fc.integer({ min: 1, max: 4 }),
    cleared_sum: fc.integer({ min: 100, max: 105 }),
    by_source: fc.option(bySource, { nil: null, freq: 2 }),
    sum: fc.oneof(fc.constant('right' as const), amount, fc.constant(null)),
    expects: fc.option(fc.integer({ min: -1, max: 1 }), { nil: null }),
  },
  { noNullPrototype: true },
);
type DrawnCall = typeof drawnCall extends fc.Arbitrary<infer Value> ? Value : never;

function callOf(
  { invoice_epoch, by_source, expects, sum: drawnSum, ...call }: DrawnCall,
  stored: ModelOrder,
): ModelCall {
  const { user = 0, service = 0 } = by_source ?? stored;
  const asked = drawnSum === 'right' ? user + service : drawnSum;
  const sum = by_source === null ? (asked ?? 0) : asked;
  return {
    ...call,
    ...(invoice_epoch !== null && { invoice_epoch }),
    ...(by_source !== null && { by_source }),
    ...(sum !== null && { sum }),
    ...(expects !== null && { expected_revision: Math.max(0, stored.revision + expects) }),
  };
}

const sequence = fc.array(drawnCall, { minLength: 1, maxLength: 10 });
/** Each of another order. They are played at once, so that they share transactions. */
const sequences = fc.array(sequence, { minLength: 1, maxLength: 20, size: 'max' });

test('any sequence of registers of one order answers and stores what the reference model says', async () => {
  const answers = new Map<string, number>();

  async function play(calls: readonly DrawnCall[]): Promise<void> {
    const { client } = server;
    const input = registerInput();
    let stored = NOTHING;
    for (const drawn of calls) {
      const call = callOf(drawn, stored.order);
      const { step, after } = registerWithEvents(stored, call);
      expect(await callRegister(client, input, call)).toEqual(modelResult(step));
      stored = after;
      answers.set(step.answer, (answers.get(step.answer) ?? 0) + 1);
    }
    const left = await Promise.all([callOrder(client, input.order_id), callEvents(client, input.order_id)]);
    expect(left).toEqual([modelView(stored.order), stored.events]);
  }

  await fc.assert(
    fc.asyncProperty(sequences, async (drawn) => {
      await Promise.all(drawn.map(play));
    }),
    { numRuns: 15, examples: [[[EVERY_ANSWER]]] },
  );
  for (const answer of ANSWERS) expect(answers.get(answer), answer).toBeGreaterThan(0);
});

const call = (fields: Partial<DrawnCall>): DrawnCall => ({
  invoice_epoch: 1,
  user_id: 'user-1',
  invoice_version: 1,
  cleared_sum: 100,
  by_source: { user: 1 },
  sum: null,
  expects: null,
  ...fields,
});

/** Drawn calls reach the rarer answers in most runs only. */
const EVERY_ANSWER: DrawnCall[] = [
  call({}),
  call({}),
  call({ by_source: { user: 2 } }),
  call({ by_source: { user: 1, service: 1 }, expects: 0 }),
  call({ by_source: { user: 3 }, expects: 1 }),
  call({ by_source: null, sum: 3 }),
  call({ sum: 3 }),
  call({ user_id: 'user-2' }),
  call({ invoice_version: 2 }),
  call({}),
];

const ANSWERS = [
  'registered',
  'unchanged',
  'stale',
  'SUM_MISMATCH',
  'IMMUTABLE_FIELD',
  'SOURCE_SPLIT_REQUIRED',
  'EXPECTED_REVISION_REQUIRED',
  'REVISION_CONFLICT',
];
