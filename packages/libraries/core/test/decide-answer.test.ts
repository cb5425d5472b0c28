import { describe, expect, test } from 'vitest';
import {
  type AnswerDecision,
  type SentOperation,
  type UpdateAnswer,
  decideAnswer,
} from '../src/decide-answer.ts';

const refused = (code: string, details: Record<string, unknown> = {}): UpdateAnswer => ({
  kind: 'refused',
  code,
  message: 'because',
  details,
});
const silence: UpdateAnswer = { kind: 'unknown', message: 'no answer within 5000 ms' };
const first: SentOperation = { repeated: false, overdue: null };
const again: SentOperation = { repeated: true, overdue: null };
const tooOld = 'not settled since yesterday';

describe('decideAnswer', () => {
  const cases: [guarantee: string, answer: UpdateAnswer, sent: SentOperation, decision: AnswerDecision][] = [
    [
      'an accepted operation is polled to its end',
      { kind: 'accepted', status: 'init' },
      first,
      { action: 'poll' },
    ],
    [
      'an operation that has ended when it is accepted is polled: the invoice shows what it brought',
      { kind: 'accepted', status: 'success' },
      first,
      { action: 'poll' },
    ],
    [
      'an operation that was repeated because the invoice no longer lists it is known to be applied by its repeat',
      { kind: 'accepted', status: 'success' },
      again,
      { action: 'finished', outcome: 'applied' },
    ],
    [
      'an operation that was repeated because the invoice no longer lists it is known to have failed by its repeat',
      { kind: 'accepted', status: 'failed' },
      again,
      { action: 'finished', outcome: 'failed' },
    ],
    [
      'an operation that is on its way when it is repeated is polled',
      { kind: 'accepted', status: 'in-progress' },
      again,
      { action: 'poll' },
    ],
    [
      'an operation that is on its way and never listed needs attention when that takes too long, and stays open',
      { kind: 'accepted', status: 'in-progress' },
      { repeated: true, overdue: tooOld },
      {
        action: 'needs_attention',
        attention: {
          code: 'operation_stuck',
          reason: `${tooOld}; the last repeat of its operation got: it is in-progress, and the invoice does not list it`,
          details: {},
        },
        rejected: false,
      },
    ],
    ['silence never means failed: the same id goes out again', silence, first, { action: 'repeat' }],
    ['silence to a repeat is repeated', silence, again, { action: 'repeat' }],
    [
      'silence to what could not be sent before is repeated, however old the order is',
      silence,
      { repeated: false, overdue: tooOld },
      { action: 'repeat' },
    ],
    [
      'silence to repeats is repeated for as long as it lasts',
      silence,
      { repeated: true, overdue: tooOld },
      { action: 'repeat' },
    ],
    [
      'what never left is sent later, however old the order is',
      { kind: 'not_sent' },
      { repeated: true, overdue: tooOld },
      { action: 'repeat' },
    ],
    [
      'an operation that meets another one in flight goes out again',
      refused('OPERATION_IN_FLIGHT'),
      first,
      { action: 'repeat' },
    ],
    [
      'an operation that meets others in flight for too long needs attention, and stays open',
      refused('OPERATION_IN_FLIGHT'),
      { repeated: true, overdue: tooOld },
      {
        action: 'needs_attention',
        attention: {
          code: 'operation_stuck',
          reason: `${tooOld}; the last repeat of its operation got: OPERATION_IN_FLIGHT: because`,
          details: {},
        },
        rejected: false,
      },
    ],
    [
      'an operation of an invoice whose history is not known goes out again',
      refused('HISTORY_UNKNOWN'),
      first,
      { action: 'repeat' },
    ],
    [
      'one whose history is not known for too long needs attention, and stays open',
      refused('HISTORY_UNKNOWN'),
      { repeated: true, overdue: tooOld },
      {
        action: 'needs_attention',
        attention: {
          code: 'history_lost',
          reason: `${tooOld}; the last repeat of its operation got: HISTORY_UNKNOWN: because`,
          details: {},
        },
        rejected: false,
      },
    ],
    ['an overloaded upstream is asked again', refused('OVERLOADED'), first, { action: 'repeat' }],
    [
      'an upstream without its database is asked again',
      refused('DATABASE_UNAVAILABLE'),
      first,
      { action: 'repeat' },
    ],
    [
      'an operation of a version that has passed is closed: it will never apply',
      refused('VERSION_MISMATCH'),
      first,
      { action: 'rejected', reason: 'VERSION_MISMATCH: because', version: null },
    ],
    [
      'an operation for another payee is closed and needs attention',
      refused('PAYEE_MISMATCH', { fields: ['wallet_id'] }),
      first,
      {
        action: 'needs_attention',
        attention: {
          code: 'payee_differs',
          reason: 'PAYEE_MISMATCH: because',
          details: { fields: ['wallet_id'] },
        },
        rejected: true,
      },
    ],
    [
      'an operation whose invoice is missing is closed: a replica may not have it yet, and the next one finds it',
      refused('INVOICE_NOT_FOUND'),
      again,
      { action: 'rejected', reason: 'INVOICE_NOT_FOUND: because', version: null },
    ],
    [
      'a refusal that states the version that was reached gives it',
      refused('VERSION_MISMATCH', { current_version: 9 }),
      first,
      { action: 'rejected', reason: 'VERSION_MISMATCH: because', version: 9 },
    ],
    ...[-1, 1.5, '9', null, 2_147_483_648].map((current_version): (typeof cases)[number] => [
      `a refusal that states the version ${current_version} gives none`,
      refused('VERSION_MISMATCH', { current_version }),
      first,
      { action: 'rejected', reason: 'VERSION_MISMATCH: because', version: null },
    ]),
    [
      'an operation whose id carries another body stays open and needs attention: that body may have been applied',
      refused('OPERATION_BODY_MISMATCH'),
      again,
      {
        action: 'needs_attention',
        attention: {
          code: 'operation_refused',
          reason: 'OPERATION_BODY_MISMATCH: because',
          details: { refusal: 'OPERATION_BODY_MISMATCH' },
        },
        rejected: false,
      },
    ],
    [
      'a refusal that nobody knows stays open and needs attention: it proves nothing of an earlier request',
      refused('FORBIDDEN'),
      first,
      {
        action: 'needs_attention',
        attention: {
          code: 'operation_refused',
          reason: 'FORBIDDEN: because',
          details: { refusal: 'FORBIDDEN' },
        },
        rejected: false,
      },
    ],
    [
      'a code that is the name of something in every object is a code like any other',
      refused('constructor'),
      first,
      {
        action: 'needs_attention',
        attention: {
          code: 'operation_refused',
          reason: 'constructor: because',
          details: { refusal: 'constructor' },
        },
        rejected: false,
      },
    ],
  ];
  test.each(cases)('%s', (_guarantee, answer, sent, decision) => {
    expect(decideAnswer(answer, sent)).toEqual(decision);
  });
});
