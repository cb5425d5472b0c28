import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ModelCall,
  type ModelOrder,
  NO_ORDER,
  callEvents,
  callOrder,
  callRegister,
  modelRegister,
  modelResult,
  modelRow,
} from './register-model.ts';
import { type TestServer, registerInput, startTestServer } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const amount = fc.integer({ min: 0, max: 3 });
const bySource = fc.record({ user: amount, service: amount }, { requiredKeys: [], noNullPrototype: true });

/** `expects` is the revision beside the stored one; `sum: 'right'` is that of the sources, or of what is stored. */
const drawnCall = fc.record(
  {
    invoice_version: fc.integer({ min: 1, max: 4 }),
    cleared_sum: fc.integer({ min: 100, max: 105 }),
    by_source: fc.option(bySource, { nil: null, freq: 2 }),
    sum: fc.oneof(fc.constant('right' as const), amount, fc.constant(null)),
    expects: fc.option(fc.integer({ min: -1, max: 1 }), { nil: null }),
  },
  { noNullPrototype: true },
);
type DrawnCall = typeof drawnCall extends fc.Arbitrary<infer Value> ? Value : never;

function callOf(drawn: DrawnCall, stored: ModelOrder): ModelCall {
  const { by_source, expects, invoice_version, cleared_sum } = drawn;
  const { user = 0, service = 0 } = by_source ?? stored;
  const asked = drawn.sum === 'right' ? user + service : drawn.sum;
  const sum = by_source === null ? (asked ?? 0) : asked;
  return {
    invoice_version,
    cleared_sum,
    ...(by_source !== null && { by_source }),
    ...(sum !== null && { sum }),
    ...(expects !== null && { expected_revision: Math.max(0, stored.revision + expects) }),
  };
}

test('any sequence of registers of one order answers and leaves what ten plain lines say', async () => {
  const answers = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(drawnCall, { minLength: 1, maxLength: 10 }), async (sequence) => {
      const { order_id } = registerInput();
      let stored = NO_ORDER;
      for (const drawn of sequence) {
        const call = callOf(drawn, stored);
        const expected = modelRegister(stored, call);
        expect(await callRegister(server.client, order_id, call)).toEqual(modelResult(expected));
        stored = expected.order;
        answers.set(expected.answer, (answers.get(expected.answer) ?? 0) + 1);
      }
      const { client } = server;
      const left = await Promise.all([callOrder(client, order_id), callEvents(client, order_id)]);
      expect(left).toEqual([modelRow(stored), stored.events]);
    }),
    { numRuns: 100 },
  );
  // Each of them was put to the test.
  for (const answer of ANSWERS) expect(answers.get(answer), answer).toBeGreaterThan(0);
});

const ANSWERS = [
  'registered',
  'unchanged',
  'stale',
  'SUM_MISMATCH',
  'SOURCE_SPLIT_REQUIRED',
  'REVISION_CONFLICT',
];
