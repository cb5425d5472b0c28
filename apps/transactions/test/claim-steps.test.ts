import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpClient } from '@cashback/service';
import { createOperationRunner } from '../src/cashback/advance/run-operations.ts';
import type { TrustCall } from '../src/cashback/advance/advance-operation.ts';
import { claimSteps } from '../src/db/queries/operations/claim-steps.ts';
import { setUpWithUpstream } from './set-up.ts';
import { type TransactionsUnderTest, log, queryRows } from './support.ts';
import type { Upstream } from './upstream.ts';

let app: TransactionsUnderTest;
let upstream: Upstream;
let tearDown: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ app, upstream, tearDown } = await setUpWithUpstream());
  for (const status of ['planned', 'sent', 'pending', 'applied', 'refused', 'skipped']) {
    await queryRows(
      app.owner,
      `INSERT INTO transactions.operation_steps
         (operation_id, step_number, kind, source, amount, step_id, basket_id, status)
       VALUES ($1, 1, 'topup', 'user', 1, $1, $1, $1)`,
      [status],
    );
  }
});
afterAll(() => tearDown?.());

const claim = (...ids: string[]) =>
  claimSteps(
    app.database,
    ids.map((operation_id) => ({ operation_id, step_number: 1 })),
  );

test('only a step that is to be sent is claimed, each time as another attempt', async () => {
  expect(await claim('planned', 'sent', 'pending', 'applied', 'refused', 'skipped')).toEqual([
    null,
    expect.any(Number),
    null,
    null,
    null,
    null,
  ]);
  const attempts = await Promise.all(Array.from({ length: 10 }, () => claim('sent')));
  expect(new Set(attempts.flat()).size).toBe(10);
});

test('an executor posts nothing when the step was given up meanwhile', async () => {
  const call = {
    operation: { operation_id: 'refused', invoice_id: 'i' },
    step: { step_number: 1, step_id: 'refused', kind: 'topup' },
    how: 'repeat',
  } as unknown as TrustCall;
  const trust = createHttpClient({
    name: 'trust',
    base_url: upstream.url,
    token: 'token',
    timeout_ms: 1_000,
    concurrency: 1,
  });
  const runner = createOperationRunner({
    trust,
    advance: async () => call,
    claim: async (step) => (await claimSteps(app.database, [step]))[0] ?? null,
    log,
    max_running: 1,
    hand_off_ms: 5_000,
  });
  await runner.run([{ operation_id: 'refused', invoice_id: 'i' }]);
  await runner.stop(1_000);
  await trust.close();
  expect(upstream.requests).toEqual([]);
});
