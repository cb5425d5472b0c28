import { describe, expect, test } from 'vitest';
import { type AnswerDecision, type UpdateAnswer, decideAnswer } from '../src/decide-answer.ts';

const refused = (code: string): UpdateAnswer => ({ kind: 'refused', code, message: 'because' });

describe('decideAnswer', () => {
  const cases: [guarantee: string, answer: UpdateAnswer, decision: AnswerDecision][] = [
    ['an accepted operation is polled to its end', { kind: 'accepted' }, { action: 'poll' }],
    [
      'silence never means failed: the same id goes out again',
      { kind: 'unknown', message: 'timed out after 5000 ms' },
      { action: 'repeat' },
    ],
    [
      'an operation that meets another one in flight goes out again',
      refused('OPERATION_IN_FLIGHT'),
      { action: 'repeat' },
    ],
    ['an overloaded upstream is asked again', refused('OVERLOADED'), { action: 'repeat' }],
    [
      'an upstream without its database is asked again',
      refused('DATABASE_UNAVAILABLE'),
      { action: 'repeat' },
    ],
    [
      'an operation of a version that has passed is closed: it will never apply',
      refused('VERSION_MISMATCH'),
      { action: 'rejected', reason: 'VERSION_MISMATCH: because' },
    ],
    [
      'an operation for another payee is closed and needs attention',
      refused('PAYEE_MISMATCH'),
      { action: 'needs_attention', reason: 'PAYEE_MISMATCH: because', rejected: true },
    ],
    [
      'an operation for an unknown invoice is closed and needs attention',
      refused('INVOICE_NOT_FOUND'),
      { action: 'needs_attention', reason: 'INVOICE_NOT_FOUND: because', rejected: true },
    ],
    [
      'an operation whose id carries another body stays open and needs attention: that body may have been applied',
      refused('OPERATION_BODY_MISMATCH'),
      { action: 'needs_attention', reason: 'OPERATION_BODY_MISMATCH: because', rejected: false },
    ],
    [
      'a refusal that nobody knows stays open and needs attention: it proves nothing of an earlier request',
      refused('FORBIDDEN'),
      { action: 'needs_attention', reason: 'FORBIDDEN: because', rejected: false },
    ],
    [
      'a code that is the name of something in every object is a code like any other',
      refused('constructor'),
      { action: 'needs_attention', reason: 'constructor: because', rejected: false },
    ],
  ];
  test.each(cases)('%s', (_guarantee, answer, decision) => {
    expect(decideAnswer(answer)).toEqual(decision);
  });
});
