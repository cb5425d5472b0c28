import type { ModelResult, ModelView } from '@cashback/register-model';
import { expect, test } from 'vitest';
import { type ContendedCall, checkContention } from '../src/load/check-contention.ts';

/** A register of `user` for an invoice version, made and answered at these times. */
function register(
  at: [number, number],
  invoice_version: number,
  user: number,
  answer: Partial<ModelResult> | null,
): ContendedCall {
  const result = {
    answer: 'registered' as const,
    invoice_epoch: 1,
    invoice_version,
    user,
    service: 0,
    cashback_sum: user,
    ...answer,
  };
  return {
    key: 'order-1',
    input: { register: { user_id: 'user-1', invoice_version, cleared_sum: 100, by_source: { user } } },
    invoked_at: at[0],
    answer: answer === null ? null : { returned_at: at[1], result },
  };
}

function orderAt(revision: number, invoice_version: number, user: number): ModelView {
  return {
    revision,
    invoice_epoch: 1,
    invoice_version,
    cleared_sum: 100,
    user,
    service: 0,
    cashback_sum: user,
  };
}

const check = (calls: readonly ContendedCall[], stored: ModelView) =>
  checkContention(calls, new Map([['order-1', stored]]));
const first = register([0, 10], 1, 5, { revision: 1 });

test('a register that was acknowledged and is stored is no violation', () => {
  expect(check([first], orderAt(1, 1, 5))).toEqual({ violations: [], undecided: [] });
});

test('a register that was acknowledged and is not stored violates 2, and the report has the calls', () => {
  const { violations } = check([first, register([20, 30], 2, 6, { revision: 2 })], orderAt(1, 1, 5));
  expect(violations).toMatchObject([{ invariant: 2, order_id: 'order-1' }]);
  expect(violations[0]?.detail).toContain('"registered"');
});

test('a register without an answer may be stored, or not', () => {
  const silent = register([20, 0], 2, 6, null);
  for (const stored of [orderAt(1, 1, 5), orderAt(2, 2, 6)]) {
    expect(check([first, silent], stored).violations).toEqual([]);
  }
  const half = orderAt(2, 2, 5);
  expect(check([first, silent], half).violations).toHaveLength(1);
});

test('an older invoice version that overwrote a newer one violates 3', () => {
  const newer = register([0, 10], 3, 5, { revision: 1 });
  const older = register([20, 30], 2, 6, { revision: 2 });
  const stored = orderAt(2, 2, 6);
  expect(check([newer, older], stored).violations).toMatchObject([{ invariant: 3 }]);
});
