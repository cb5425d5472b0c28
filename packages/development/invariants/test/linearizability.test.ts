import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type RecordedCall,
  type SequentialModel,
  checkLinearizable,
  createHistory,
} from '../src/linearizability/index.ts';

/** A cell that is read, written, and added to; adding answers with the sum. */
type Input = 'read' | { write: number } | { add: number };
const cell: SequentialModel<number, Input, number> = {
  initial: 0,
  apply(state, input) {
    if (input === 'read') return { state, result: state };
    const after = 'write' in input ? input.write : state + input.add;
    return { state: after, result: after };
  },
};
type Call = RecordedCall<Input, number>;

/** From one moment to another; without an answer when the second is missing. */
function call(from: number, to: number | null, input: Input, result?: number, key = 'cell'): Call {
  const value = result ?? (input === 'read' ? 0 : 'write' in input ? input.write : input.add);
  return { key, input, invoked_at: from, answer: to === null ? null : { returned_at: to, result: value } };
}

describe('a history is linearizable', () => {
  test.each<[string, Call[]]>([
    ['when nothing happened', []],
    ['when calls follow each other', [call(0, 1, { write: 5 }), call(2, 3, 'read', 5)]],
    ['when a read beside a write sees it already', [call(0, 9, { write: 5 }), call(1, 2, 'read', 5)]],
    ['when a read beside a write does not see it yet', [call(0, 9, { write: 5 }), call(1, 2, 'read', 0)]],
    [
      'when calls that overlap took effect in the other order than they left',
      [call(0, 9, { write: 5 }), call(1, 8, { write: 6 }), call(10, 11, 'read', 5)],
    ],
    [
      'when calls touch in one moment: they may have overlapped',
      [call(0, 1, { write: 5 }), call(1, 2, { write: 6 }), call(3, 4, 'read', 5)],
    ],
    ['when a call without an answer never took effect', [call(0, null, { write: 5 }), call(8, 9, 'read', 0)]],
    [
      'when a call without an answer took effect long after it left',
      [call(0, null, { write: 5 }), call(2, 3, 'read', 0), call(4, 5, 'read', 5)],
    ],
    [
      'when one of two calls without an answer took effect, between two that had one',
      [
        call(0, null, { add: 1 }),
        call(0, null, { add: 10 }),
        call(1, 2, { add: 100 }),
        call(3, 4, { add: 100 }, 210),
        call(5, 6, 'read', 210),
      ],
    ],
    ['when keys are apart', [call(0, 1, { write: 5 }), call(2, 3, 'read', 0, 'another cell')]],
  ])('%s', (_, calls) => {
    expect(checkLinearizable(calls, cell)).toMatchObject({ outcome: 'linearizable' });
  });
});

describe('a history is not linearizable', () => {
  test.each<[string, Call[]]>([
    ['when a read is stale', [call(0, 1, { write: 5 }), call(2, 3, 'read', 0)]],
    ['when a read sees a value that was never written', [call(0, 1, { write: 5 }), call(2, 3, 'read', 6)]],
    ['when a read sees what is written later', [call(0, 1, 'read', 5), call(2, 3, { write: 5 })]],
    ['when an update is lost', [call(0, 3, { add: 1 }, 1), call(0, 3, { add: 1 }, 1), call(4, 5, 'read', 1)]],
    [
      'when two reads see two writes in two orders',
      [
        call(0, 9, { write: 1 }),
        call(0, 9, { write: 2 }),
        call(1, 2, 'read', 1),
        call(3, 4, 'read', 2),
        call(5, 6, 'read', 1),
      ],
    ],
    [
      'when a call without an answer takes effect and is undone',
      [call(0, null, { write: 5 }), call(2, 3, 'read', 5), call(4, 5, 'read', 0)],
    ],
    [
      'when a call without an answer takes effect before it left',
      [call(0, 1, 'read', 5), call(2, null, { write: 5 })],
    ],
    [
      'when a call without an answer takes effect twice',
      [call(0, null, { add: 5 }), call(1, 2, 'read', 5), call(3, 4, 'read', 10)],
    ],
  ])('%s', (_, calls) => {
    expect(checkLinearizable(calls, cell)).toMatchObject({ outcome: 'not_linearizable', key: 'cell' });
  });
});

test('a history that is not linearizable is reported by its shortest stretch, with the expected answers', () => {
  const calls = [
    call(0, 1, { write: 5 }),
    call(2, null, { write: 6 }),
    call(3, 5, { add: 1 }, 6),
    call(4, 6, { add: 1 }, 6),
    call(7, 8, 'read', 9),
  ];
  const verdict = checkLinearizable(calls, cell);
  expect(verdict).toMatchObject({
    outcome: 'not_linearizable',
    part: { explained: 2, before: [calls[0], calls[2]], calls: [calls[3]], unanswered: 1 },
  });
  expect(verdict).toHaveProperty(
    'report',
    [
      'cell: no order explains the answer of #1, the first after 2 that are explained:',
      '  #1 4.0..6.0 {"add":1} -> 6',
      '  and 1 calls without an answer, which do not help',
      'the state was one of these:',
      '  6: #1 alone would answer 7',
      'which these calls explain, for example, the newest last:',
      '  0.0..1.0 {"write":5} -> 5',
      '  3.0..5.0 {"add":1} -> 6',
    ].join('\n'),
  );
});

test('of several keys that are not linearizable, the one with the shortest stretch is reported', () => {
  const long = [call(0, 9, { write: 1 }, 1, 'long'), call(1, 8, 'read', 7, 'long')];
  const short = [call(0, 1, 'read', 7, 'short')];
  const verdict = checkLinearizable([...long, ...short], cell);
  expect(verdict).toMatchObject({ outcome: 'not_linearizable', key: 'short' });
});

test('a search that reaches its bound is undecided', () => {
  const many = Array.from({ length: 12 }, (_, index) => call(0, null, { add: 2 ** index }));
  const verdict = checkLinearizable([...many, call(1, 2, 'read', 1e9)], cell, { max_steps: 1_000 });
  expect(verdict).toEqual({
    outcome: 'undecided',
    key: 'cell',
    report: 'cell: undecided after 1000 steps, at call 1 of 13',
  });
});

const inputs: fc.Arbitrary<Input> = fc.oneof(
  fc.constant('read' as const),
  fc.record({ write: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ add: fc.integer({ min: 0, max: 2 }) }),
);
const anyCall = fc
  .record({
    input: inputs,
    from: fc.nat(6),
    lasts: fc.option(fc.nat(4)),
    result: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ input, from, lasts, result }) => call(from, lasts === null ? null : from + lasts, input, result));

test('agrees with a search of every order on any short history, and returns an order that explains it', () => {
  const verdicts = { yes: 0, no: 0 };
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 5 }), (calls) => {
      const verdict = checkLinearizable(calls, cell);
      const expected = calls.length === 0 || anyOrderExplains(calls);
      expect(verdict.outcome).toBe(expected ? 'linearizable' : 'not_linearizable');
      if (verdict.outcome === 'linearizable') {
        for (const order of verdict.orders.values()) {
          expect(explains(order)).toBe(true);
          expect(inTime(order)).toBe(true);
          expect(order).toEqual(expect.arrayContaining(calls.filter(({ answer }) => answer !== null)));
        }
      }
      verdicts[expected ? 'yes' : 'no'] += 1;
    }),
    { numRuns: 3_000 },
  );
  expect(Math.min(verdicts.yes, verdicts.no)).toBeGreaterThan(100);
});

/** By trying all: any of the calls without an answer left out, and the rest in any order. */
function anyOrderExplains(calls: readonly Call[]): boolean {
  return subsets(calls.filter(({ answer }) => answer === null)).some((ghosts) => {
    const counted = [...calls.filter(({ answer }) => answer !== null), ...ghosts];
    return permutations(counted).some((order) => inTime(order) && explains(order));
  });
}

function explains(order: readonly Call[]): boolean {
  let state = cell.initial;
  return order.every(({ input, answer }) => {
    const applied = cell.apply(state, input);
    state = applied.state;
    return answer === null || answer.result === applied.result;
  });
}

function inTime(order: readonly Call[]): boolean {
  return order.every((later, index) =>
    order.slice(index + 1).every((next) => (next.answer?.returned_at ?? Infinity) >= later.invoked_at),
  );
}

function subsets<Item>(items: readonly Item[]): Item[][] {
  return items.reduce<Item[][]>((all, item) => [...all, ...all.map((one) => [...one, item])], [[]]);
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}

test('a history has the times of calls and answers, and which calls have no known outcome', async () => {
  const history = createHistory<Input, number>();
  await Promise.all([
    history.record('cell', { write: 5 }, async () => 5),
    history.record('cell', 'read', async () => null),
  ]);
  await expect(history.record('cell', 'read', () => Promise.reject(new Error('a fault')))).rejects.toThrow(
    'a fault',
  );
  expect(history.calls).toMatchObject([
    { key: 'cell', input: { write: 5 }, answer: { result: 5 } },
    { key: 'cell', input: 'read', answer: null },
    { key: 'cell', input: 'read', answer: null },
  ]);
  const [first] = history.calls;
  expect(first?.answer?.returned_at).toBeGreaterThanOrEqual(first?.invoked_at ?? Infinity);
});
