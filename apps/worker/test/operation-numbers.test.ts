import type { Charge } from '@cashback/cashback-db';
import { attemptsToRead } from '@cashback/core';
import { describe, expect, test } from 'vitest';
import { decideStep } from '../src/reconcile/decide-step.ts';
import { charge, context, flying, limits, observed, registeredAt } from './support/step-builders.ts';

type Ended = Charge['ended'][number];

const ended = (changes: Partial<Ended> = {}): Ended => ({
  ...flying,
  version: 7,
  outcome: 'rejected',
  ended_at: registeredAt,
  ...changes,
});
const other = (attempt: number): Ended => ended({ attempt, reward: [{ source: 'user', amount: '3.0000' }] });

/** The operation that is sent for the target of 10, after these. */
function next(operations: Ended[]): { operation_id: string; attempt: number | null } {
  const before = charge({}, { ended: operations });
  const step = decideStep(before.order, observed(0n), before, context);
  if (step.action !== 'send') throw new Error(`expected an operation, got ${step.action}`);
  return step.operation;
}

describe('a worker makes an operation with the same id for the same need', () => {
  const first = next([]);
  const second = next([ended()]);

  test.each<[string, Ended[], string]>([
    ['whatever was made from the version for other needs', [other(0), other(1)], first.operation_id],
    ['when the rows of other needs are lost', [ended({ attempt: 2 })], second.operation_id],
    ['when all rows of the version are lost', [ended({ version: 6 })], first.operation_id],
    ['in a release that did not number its own', [ended({ attempt: null })], second.operation_id],
  ])('%s', (_, operations, expected) => {
    expect(next(operations).operation_id).toBe(expected);
  });
});

test('each further operation for a need has an id of its own, also after more than are read', () => {
  const most = attemptsToRead(limits);
  const newest: Ended[] = [];
  const ids: string[] = [];
  for (let made = 0; made < 5 * most; made += 1) {
    if (made % 3 === 1) {
      newest.unshift(other(made));
      continue;
    }
    const { operation_id, attempt } = next(newest.slice(0, most));
    expect(attempt).toBe(made);
    ids.push(operation_id);
    newest.unshift(ended({ attempt }));
  }
  expect(new Set(ids).size).toBe(ids.length);
});
