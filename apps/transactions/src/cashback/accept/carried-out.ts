import { CashbackError } from '@cashback/contract';
import type { UpdateCashbackInput } from '@cashback/wire';
import { FIRST_EPOCH, type LockedInvoice } from '../../invoices/invoice.ts';
import type { AcceptanceWrites } from './accept-operation.ts';
import type { RequestDecision } from './decide-request.ts';

/** An accepted request, and what it would write. */
export interface PlannedRequest {
  input: UpdateCashbackInput;
  invoice: Pick<LockedInvoice, 'reconciled_epoch'>;
  writes: AcceptanceWrites;
}

/** The steps that Trust may have carried out before a restore; none of a side that was never restored. */
export function repeatableSteps({
  invoice: { reconciled_epoch },
  writes,
}: Omit<PlannedRequest, 'input'>): string[] {
  return reconciled_epoch > FIRST_EPOCH ? writes.steps.map(({ step_id }) => step_id) : [];
}

/**
 * Refuses an operation with a step that Trust carried out before a restore: its repeat would move nothing, and would be
 * counted once more. `adopted` has those of the steps that were taken over from Trust. Null: nothing stands against it.
 */
export function refuseCarriedOut(
  { input, ...planned }: PlannedRequest,
  adopted: ReadonlySet<string>,
): RequestDecision | null {
  if (!repeatableSteps(planned).some((step_id) => adopted.has(step_id))) return null;
  const { invoice_id, operation_id, version } = input;
  const error = new CashbackError(
    'VERSION_MISMATCH',
    `operation ${operation_id} of invoice ${invoice_id} was carried out before a restore and will not apply again: ` +
      'retrieve the invoice and make a new operation',
    { invoice_id, operation_id, version },
  );
  return { outcome: 'refused', error };
}
