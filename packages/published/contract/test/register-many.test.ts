import { expect, test, vi } from 'vitest';
import { CashbackError } from '../src/errors.ts';
import { registerMany } from '../src/register-many.ts';
import type { CashbackServices } from '../src/services.ts';
import type { RegisterInput, RegisterOutput } from '../src/wire/register.ts';

function inputOf(order_id: string): RegisterInput {
  return {
    order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100',
    cashback_sum: '5',
  };
}

const OUTPUT: RegisterOutput = {
  need_processing: true,
  outcome: 'registered',
  revision: 1,
  invoice_epoch: 1,
  invoice_version: 1,
  cashback_sum: '5.0000',
  cashback_by_source: [],
};

function run(items: readonly unknown[], implementation: CashbackServices['registerMany']) {
  const reportFault = vi.fn<(error: unknown) => void>();
  const describeIssues = () => [];
  const answers = registerMany(items, {
    services: { registerMany: implementation },
    describeIssues,
    reportFault,
  });
  return { answers, reportFault };
}

test('the valid items reach the service in one call, and every answer is in its place', async () => {
  const refusal = new CashbackError('IMMUTABLE_FIELD', 'no', { field: 'user_id' });
  const service = vi.fn<CashbackServices['registerMany']>(async () => [
    { status: 'fulfilled', value: OUTPUT },
    { status: 'rejected', reason: refusal },
  ]);
  const { answers, reportFault } = run(
    [null, inputOf('a'), { ...inputOf('b'), x: 1 }, inputOf('c')],
    service,
  );
  expect(await answers).toMatchObject([
    { error: { code: 'BAD_REQUEST' } },
    { result: OUTPUT },
    { error: { code: 'BAD_REQUEST' } },
    { error: { code: 'IMMUTABLE_FIELD', details: { field: 'user_id' } } },
  ]);
  expect(service.mock.calls).toEqual([[[inputOf('a'), inputOf('c')]]]);
  expect(reportFault).not.toHaveBeenCalled();
});

test('an internal error of an item and a missing result are masked, and reported', async () => {
  const fault = new Error('SELECT secret');
  const { answers, reportFault } = run([inputOf('a'), inputOf('b')], async () => [
    { status: 'rejected', reason: fault },
  ]);
  expect(await answers).toMatchObject([{ error: { code: 'INTERNAL' } }, { error: { code: 'INTERNAL' } }]);
  expect(JSON.stringify(await answers)).not.toContain('secret');
  expect(reportFault.mock.calls).toEqual([[fault], [new Error('registerMany has no result for item 1')]]);
});
