import { describe, expect, test } from 'vitest';
import { refuseCarriedOut, repeatableSteps } from '../src/cashback/accept/carried-out.ts';
import { planRequest } from '../src/cashback/accept/plan-request.ts';

const INPUT = {
  invoice_id: 'order',
  operation_id: 'operation',
  version: 3,
  user_id: 'user',
  wallet_id: 'wallet',
  currency: 'EUR',
  reward: [
    { source: 'user' as const, amount: '5' },
    { source: 'service' as const, amount: '2' },
  ],
};

const INVOICE = {
  invoice_id: 'order',
  service: 'yellow',
  user_id: 'user',
  wallet_id: 'wallet',
  currency: 'EUR',
  version: 1,
  status: 'cleared' as const,
  payments: [],
  cashback_version: 3,
  epoch: 29_000_000,
};

const planned = (reconciled_epoch: number) =>
  planRequest(
    {
      input: INPUT,
      decision: { outcome: 'accepted', invoice: { ...INVOICE, reconciled_epoch }, completes: false },
    },
    { wallet_policies: {}, baskets: [] },
  );
const steps = (planned(1).writes?.steps ?? []).map(({ step_id }) => step_id);

describe('after a restore', () => {
  test('every step of an operation may have been carried out before', () => {
    expect(repeatableSteps(planned(29_000_000))).toEqual(steps);
  });

  test.each(steps)('an operation is refused when Trust carried out its step %s', (step_id) => {
    const refusal = refuseCarriedOut(planned(29_000_000), new Set(['another', step_id]));
    expect(refusal).toMatchObject({
      decision: {
        outcome: 'refused',
        error: { code: 'VERSION_MISMATCH', details: { operation_id: 'operation', version: 3 } },
      },
      writes: null,
    });
  });

  test('an operation of which Trust has no step is accepted', () => {
    const accepted = planned(29_000_000);
    expect(refuseCarriedOut(accepted, new Set(['another']))).toEqual(accepted);
  });
});

test('a side that was never restored asks for no step', () => {
  expect(repeatableSteps(planned(1))).toEqual([]);
  expect(refuseCarriedOut(planned(1), new Set(steps))).toEqual(planned(1));
});
