import { createHash } from 'node:crypto';
import type { TrustStep } from '../operation.ts';

type Content = Pick<TrustStep, 'step_number' | 'kind' | 'source' | 'amount'> & {
  operation_id: string;
  /** The basket that a refund takes from; null for a top-up. */
  refunded_basket: string | null;
};

/**
 * A step's key at Trust: a hash of its content, a dot and its number. Two steps share one only when they ask for the
 * same, so a side that lost its rows asks for the same need under the same id. Fits the wire whatever the ids.
 */
export function stepId({
  operation_id,
  step_number,
  kind,
  source,
  amount,
  refunded_basket,
}: Content): string {
  const content = JSON.stringify([operation_id, step_number, kind, source, amount, refunded_basket]);
  return `${createHash('sha256').update(content).digest('base64url')}.${step_number}`;
}
