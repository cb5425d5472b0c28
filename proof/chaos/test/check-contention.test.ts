import type { RecordedCall } from '@cashback/invariants/linearizability';
import { expect, test } from 'vitest';
import { checkContention } from '../src/load/check-contention.ts';
import type { ModelCall, ModelOrder, ModelResult } from '../src/load/register-model.ts';

type Call = RecordedCall<ModelCall, ModelResult>;

/** A register of `user` for invoice version `version`, made and answered at these times. */
function register(
  at: [number, number],
  version: number,
  user: string,
  answer: Partial<ModelResult> | null,
): Call {
  const result = { answer: 'registered', invoice_version: version, user, service: '0.0000', ...answer };
  return {
    key: 'order-1',
    input: { invoice_version: version, user, service: '0.0000' },
    invoked_at: at[0],
    answer: answer === null ? null : { returned_at: at[1], result },
  };
}
const check = (calls: readonly Call[], stored: ModelOrder) =>
  checkContention(calls, new Map([['order-1', stored]]));
const first = register([0, 10], 1, '5.0000', { revision: 1 });

test('what was acknowledged and is stored is no violation', () => {
  const stored = { revision: 1, invoice_version: 1, user: '5.0000', service: '0.0000' };
  expect(check([first], stored)).toEqual({ violations: [], undecided: [] });
});

test('what was acknowledged and is not stored is a violation of 2, with the calls that show it', () => {
  const { violations } = check([first, register([20, 30], 2, '6.0000', { revision: 2 })], {
    revision: 1,
    invoice_version: 1,
    user: '5.0000',
    service: '0.0000',
  });
  expect(violations).toMatchObject([{ invariant: 2, order_id: 'order-1' }]);
  expect(violations[0]?.detail).toContain('"registered"');
});

test('what was never answered may be stored, or not', () => {
  const silent = register([20, 0], 2, '6.0000', null);
  for (const stored of [
    { revision: 1, invoice_version: 1, user: '5.0000', service: '0.0000' },
    { revision: 2, invoice_version: 2, user: '6.0000', service: '0.0000' },
  ]) {
    expect(check([first, silent], stored).violations).toEqual([]);
  }
  const half = { revision: 2, invoice_version: 2, user: '5.0000', service: '0.0000' };
  expect(check([first, silent], half).violations).toHaveLength(1);
});

test('an older invoice version that overwrote a newer one is a violation of 3', () => {
  const newer = register([0, 10], 3, '5.0000', { revision: 1 });
  const older = register([20, 30], 2, '6.0000', { revision: 2 });
  const stored = { revision: 2, invoice_version: 2, user: '6.0000', service: '0.0000' };
  expect(check([newer, older], stored).violations).toMatchObject([{ invariant: 3 }]);
});
