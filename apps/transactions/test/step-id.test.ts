import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepId } from '../src/cashback/accept/step-id.ts';

/** The longest id on the wire, and short ones that are alike. */
const id = fc.oneof(fc.constantFrom('a', 'a.1', 'a.11'), fc.string({ minLength: 64, maxLength: 64 }));

const content = fc.record({
  operation_id: id,
  step_number: fc.integer({ min: 1, max: 12 }),
  kind: fc.constantFrom('topup' as const, 'refund' as const),
  source: fc.constantFrom('user' as const, 'service' as const),
  amount: fc.constantFrom('1.0000', '10.0000'),
  refunded_basket: fc.option(id),
});

test('two steps have the same id exactly when they ask for the same, however long the ids', () => {
  fc.assert(
    fc.property(content, content, (one, other) => {
      expect(stepId(one) === stepId(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      expect(stepId({ ...one })).toBe(stepId(one));
      expect(stepId(one).length).toBeLessThanOrEqual(64);
    }),
  );
});
