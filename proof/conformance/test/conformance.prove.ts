import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROKEN_SENDERS } from './broken/callbacks.ts';
import { toHook } from './broken/exchange.ts';
import { BROKEN_IMPLEMENTATIONS } from './broken/index.ts';
import { expectFound } from './support/expect-found.ts';
import { renewIdsOfRepeats } from './broken/payment-requests.ts';
import { type SystemUnderTest, startSystem } from './support/system.ts';

let system: SystemUnderTest;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

/** Of the guarantees about the lookup order. */
const LOOKUP = ['T23', 'T24', 'T25', 'T26', 'T27', 'T29', 'T30', 'T31'];
const LOOKUP_FAULTS = /another body under a known id|any payee|before an unfinished operation/;

describe('the suite finds an implementation that', () => {
  test.each(BROKEN_IMPLEMENTATIONS)('$does breaks $breaks', async (broken) => {
    await expectFound(system, broken);
  });

  test.each(BROKEN_IMPLEMENTATIONS.filter(({ does }) => LOOKUP_FAULTS.test(does)))(
    '$does breaks nothing else of the lookup',
    async (broken) => {
      const front = toHook(broken, system.options.token);
      const report = await system.run({ only: LOOKUP }, { front });
      const found = report.guarantees.filter(({ verdict }) => verdict === 'broken').map(({ id }) => id);
      // One id for several invoices is another body as well.
      expect(found.filter((id) => id !== 'T31')).toEqual(broken.breaks);
    },
  );

  test.each(BROKEN_SENDERS)('$does breaks $breaks', async ({ hook, breaks }) => {
    const callbacks = hook(system.options.callbacks);
    const report = await system.run({ settle_ms: 2_000, only: ['T5', breaks] }, { callbacks });
    expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
  });

  test('repeats a request to the payment system under a new id breaks T36', async () => {
    const report = await system.run({ only: ['T35', 'T36'] }, { payments: renewIdsOfRepeats() });
    expect(report.guarantees.map(({ verdict }) => verdict)).toEqual(['held', 'broken']);
    expect(report.guarantees[1]?.detail).toMatch(/^wallet .+: expected .+, as rewarded, got /);
  });
});
