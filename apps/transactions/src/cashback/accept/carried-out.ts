import { CashbackError } from '@cashback/contract';
import { FIRST_EPOCH } from '../../invoices/invoice.ts';
import type { PlannedRequest } from './plan-request.ts';

/** The steps that Trust may have carried out before a restore; none of a side that was never restored. */
export function repeatableSteps({ decision, writes }: PlannedRequest): string[] {
  if (decision.outcome !== 'accepted' || decision.invoice.reconciled_epoch <= FIRST_EPOCH) return [];
  return (writes?.steps ?? []).map(({ step_id }) => step_id);
}

/**
 * Refuses an operation with a step that Trust carried out before a restore: its repeat would move nothing, and would be
 * counted once more. `adopted` has those of the steps that were taken over from Trust.
 */
export function refuseCarriedOut(planned: PlannedRequest, adopted: ReadonlySet<string>): PlannedRequest {
  if (!repeatableSteps(planned).some((step_id) => adopted.has(step_id))) return planned;
  const { input } = planned;
  const { invoice_id, operation_id, version } = input;
  const error = new CashbackError(
    'VERSION_MISMATCH',
    `operation ${operation_id} of invoice ${invoice_id} was carried out before a restore and will not apply again: ` +
      'retrieve the invoice and make a new operation',
    { invoice_id, operation_id, version },
  );
  return { input, decision: { outcome: 'refused', error }, writes: null };
}
