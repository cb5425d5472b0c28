import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StepAnswer, decideAdvance } from '../src/cashback/advance/decide-advance.ts';
import type { TrustStep } from '../src/cashback/operation.ts';
import { stepId } from '../src/cashback/accept/step-id.ts';

function steps(...statuses: TrustStep['status'][]): TrustStep[] {
  return statuses.map((status, index) => ({
    step_number: index + 1,
    kind: 'topup',
    source: 'user',
    amount: '1.0000',
    step_id: `o.${index + 1}`,
    basket_id: `o.${index + 1}`,
    status,
    reason: status === 'refused' ? 'no' : null,
    taken: null,
    attempt: 0,
  }));
}

function decide(given: TrustStep[], answer?: StepAnswer, step_number = 1) {
  const { changes, next } = decideAdvance(given, answer === undefined ? null : { step_number, answer });
  return [
    changes.map(({ step, from, to }) => `${step.step_number} ${from} ${to}`),
    next.action === 'send'
      ? `${next.how} ${next.step.step_number}`
      : next.action === 'finish'
        ? next.status
        : next.action,
  ];
}

describe('without an answer', () => {
  test.each([
    ['nothing has left: the first step is sent', steps('planned', 'planned'), ['1 planned sent'], 'post 1'],
    ['a step was sent: it is sent again', steps('sent', 'planned'), [], 'repeat 1'],
    ['Trust works on a step: it is asked for', steps('applied', 'pending'), [], 'get 2'],
    ['a step is applied: the next is sent', steps('applied', 'planned'), ['2 planned sent'], 'post 2'],
    ['all are applied: success', steps('applied', 'applied'), [], 'success'],
    ['one is refused: the rest is skipped', steps('refused', 'planned'), ['2 planned skipped'], 'failed'],
    ['all is known: failed', steps('applied', 'refused', 'skipped'), [], 'failed'],
  ] as const)('%s', (_, given, changes, next) => {
    expect(decide([...given])).toEqual([changes, next]);
  });
});

describe('with an answer', () => {
  test.each([
    [
      'applied: the next is sent',
      steps('sent', 'planned'),
      { kind: 'applied' },
      ['1 sent applied', '2 planned sent'],
      'post 2',
    ],
    ['the last is applied: success', steps('pending'), { kind: 'applied' }, ['1 pending applied'], 'success'],
    [
      'refused: what has not left never does',
      steps('sent', 'planned', 'planned'),
      { kind: 'refused', reason: 'no' },
      ['1 sent refused', '2 planned skipped', '3 planned skipped'],
      'failed',
    ],
    ['pending: later', steps('sent'), { kind: 'pending' }, ['1 sent pending'], 'poll'],
    ['still pending: later', steps('pending'), { kind: 'pending' }, [], 'poll'],
    ['unknown: the step stays open', steps('sent', 'planned'), { kind: 'unknown' }, [], 'poll'],
    [
      'something else under its id: Trust is asked from now on, nothing ends',
      steps('sent', 'planned'),
      { kind: 'differs', difference: 'amount' },
      ['1 sent pending'],
      'poll',
    ],
    [
      'still something else: later',
      steps('pending', 'planned'),
      { kind: 'differs', difference: 'amount' },
      [],
      'poll',
    ],
    ['missing: it is to be sent again', steps('pending'), { kind: 'missing' }, ['1 pending sent'], 'poll'],
    [
      'of a step that another executor has taken further',
      steps('applied', 'sent'),
      { kind: 'applied' },
      [],
      'leave',
    ],
    [
      'of a step whose operation is at its end',
      steps('applied', 'applied'),
      { kind: 'refused', reason: 'no' },
      [],
      'leave',
    ],
  ] as const)('%s', (_, given, answer, changes, next) => {
    expect(decide([...given], answer)).toEqual([changes, next]);
  });
});

test('under any answers and executors an operation ends once every step is known, with the result', () => {
  const answers = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<StepAnswer>({ kind: 'applied' }) },
      fc.constantFrom<StepAnswer>(
        { kind: 'unknown' },
        { kind: 'pending' },
        { kind: 'missing' },
        { kind: 'not kept', reason: 'not now' },
        { kind: 'differs', difference: 'amount' },
        { kind: 'refused', reason: 'no' },
      ),
    ),
    { minLength: 60, maxLength: 60 },
  );
  const stale = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), answers, stale, (count, given, staleSteps) => {
      const rows = steps(...Array.from({ length: count }, () => 'planned' as const));
      let answered: { step_number: number; answer: StepAnswer } | null = null;
      for (const [index, answer] of given.entries()) {
        // Another executor's late answer to a step that is not open changes nothing.
        const late = staleSteps[index] ?? 1;
        if (!rows.some((row) => row.step_number === late && ['sent', 'pending'].includes(row.status))) {
          expect(decideAdvance(rows, { step_number: late, answer }).changes).toEqual([]);
        }
        const { changes, next } = decideAdvance(rows, answered);
        for (const { step, from, to } of changes) {
          const row = rows.find(({ step_number }) => step_number === step.step_number);
          expect(row?.status).toBe(from);
          if (row !== undefined) row.status = to;
        }
        const statuses = rows.map(({ status }) => status);
        const open = statuses.filter((status) => status === 'sent' || status === 'pending');
        expect(open.length).toBeLessThanOrEqual(1);
        if (next.action === 'finish') {
          expect(open).toEqual([]);
          expect(statuses).not.toContain('planned');
          expect(next.status).toBe(statuses.every((status) => status === 'applied') ? 'success' : 'failed');
          return;
        }
        // Nothing is asked for before the row says that it may have left.
        if (next.action === 'send') expect(rows[next.step.step_number - 1]?.status).toMatch(/sent|pending/);
        answered = next.action === 'send' ? { step_number: next.step.step_number, answer } : null;
      }
    }),
  );
});

describe('a step that may be given up', () => {
  const refused: StepAnswer = { kind: 'refused', reason: 'no' };
  const open = [{ ...steps('sent')[0], attempt: 2 }] as TrustStep[];

  test('is given up by the answer to its newest attempt alone', () => {
    expect(decideAdvance(open, { step_number: 1, attempt: 1, answer: refused }).next.action).toBe('leave');
    expect(decideAdvance(open, { step_number: 1, attempt: 2, answer: refused }).next.action).toBe('finish');
  });

  test('is applied whichever attempt was carried out', () => {
    const late = decideAdvance(open, { step_number: 1, attempt: 1, answer: { kind: 'applied' } });
    expect(late.next).toMatchObject({ action: 'finish', status: 'success' });
  });

  test('stays open while Trust does not keep the refusal, and says why', () => {
    const answer: StepAnswer = { kind: 'not kept', reason: 'CODE: text' };
    const { changes, next } = decideAdvance(open, { step_number: 1, attempt: 2, answer });
    expect(changes).toEqual([]);
    expect(next).toMatchObject({ action: 'poll', reason: expect.stringContaining('CODE: text') });
  });
});

describe('the reason of an operation that has not ended', () => {
  const stored = 'trust_differs: as before';
  test.each([
    ['silence', { kind: 'unknown' }, stored],
    [
      'another difference',
      { kind: 'differs', difference: 'amount: 2' },
      expect.stringContaining('amount: 2'),
    ],
    ['what was asked for', { kind: 'pending' }, null],
    ['nothing under the id', { kind: 'missing' }, null],
  ] as const)('after %s it is what Trust said last', (_, answer, reason) => {
    const { next } = decideAdvance(steps('pending'), { step_number: 1, answer }, stored);
    expect(next).toMatchObject({ action: 'poll', reason });
  });
});

describe('the id of a step', () => {
  const content = {
    operation_id: 'operation-1',
    step_number: 1,
    kind: 'refund',
    source: 'user',
    amount: '1.0000',
    refunded_basket: 'basket-1',
  } as const;

  test('is a hash of its content, and the same for the same content', () => {
    expect(stepId(content)).toMatch(/^[A-Za-z0-9_-]{43}\.1$/);
    expect(stepId({ ...content })).toBe(stepId(content));
  });

  test.each([
    { operation_id: 'operation-2' },
    { step_number: 2 },
    { kind: 'topup' as const },
    { source: 'service' as const },
    { amount: '1.0001' },
    { refunded_basket: 'basket-2' },
  ])('is another with another %o', (change) => {
    expect(stepId({ ...content, ...change })).not.toBe(stepId(content));
  });

  test('fits the wire for the longest ids, also for an operation with the id of a step', () => {
    const longest = stepId({ ...content, operation_id: 'o'.repeat(64), step_number: 1_000 });
    const nested = stepId({ ...content, operation_id: longest });
    for (const id of [longest, nested]) expect(id).toMatch(/^[A-Za-z0-9_.:-]{1,64}$/);
    expect(nested).not.toBe(longest);
  });
});
