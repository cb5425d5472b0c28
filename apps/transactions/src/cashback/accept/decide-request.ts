import { CashbackError, equalAmounts, parseAmounts } from '@cashback/contract';
import type { UpdateCashbackInput } from '@cashback/wire';
import { historyUnknown } from '../adopt/history-unknown.ts';
import {
  type LockedInvoice,
  invoiceNotFound,
  isAdopted,
  isHistoryUnknownIn,
} from '../../invoices/invoice.ts';
import type { StoredOperation } from '../operation.ts';

export interface RequestContext {
  invoice: LockedInvoice | null;
  /** The operation with the id of the request, whatever invoice it is for. */
  known: StoredOperation | null;
  /** The operation of the invoice that has not ended. */
  unfinished: StoredOperation | null;
  /** Where Trust has no list, the newest epoch that was compared with its export; null: it has one. */
  compared?: number | null;
}

export type RequestDecision =
  /** `completes`: its caller has repeated all that the restore forgot, so the history of the invoice is known from now on. */
  | { outcome: 'accepted'; invoice: LockedInvoice; completes: boolean }
  | { outcome: 'known'; operation: StoredOperation }
  | { outcome: 'refused'; error: CashbackError };

/**
 * Decides a request to move cashback. The order of the checks is part of the contract.
 *
 * Where the history is unknown, only a caller that states what it knows is decided on: `VERSION_MISMATCH` says that an
 * operation was never carried out, and one from before the restore may have been. The version is that of the restored
 * invoice, so a repeat finds the baskets that it found before, and plans the same steps.
 */
export function decideRequest(input: UpdateCashbackInput, context: RequestContext): RequestDecision {
  const { invoice_id, operation_id, version } = input;
  const { invoice, known, unfinished, compared = null } = context;
  if (known !== null) {
    const fields = differingFields(input, known);
    if (fields.length === 0) return { outcome: 'known', operation: known };
    return refuse(bodyMismatch(operation_id, fields));
  }
  if (invoice === null) return refuse(invoiceNotFound(invoice_id));
  if (unfinished !== null) {
    return refuse(
      new CashbackError(
        'OPERATION_IN_FLIGHT',
        `operation ${unfinished.operation_id} of invoice ${invoice_id} has not ended: send this one again later`,
        { invoice_id, operation_id: unfinished.operation_id, status: unfinished.status },
      ),
    );
  }
  const is_unknown = isHistoryUnknownIn(invoice, compared);
  if (is_unknown && input.history?.invoice_epoch !== invoice.epoch) {
    return refuse(historyUnknown(invoice_id, 'its caller has not stated what it knows'));
  }
  if (version !== invoice.cashback_version) {
    return refuse(
      new CashbackError(
        'VERSION_MISMATCH',
        `the cashback of invoice ${invoice_id} is at version ${invoice.cashback_version}, the operation is for version ${version} ` +
          'and will never apply: retrieve the invoice and make a new operation',
        { invoice_id, version, current_version: invoice.cashback_version },
      ),
    );
  }
  const wrong = PAYEE.filter((field) => input[field] !== invoice[field]);
  if (wrong.length > 0) {
    const fields = wrong.map((field) => ({ field, expected: invoice[field], received: input[field] }));
    const list = fields
      .map(({ field, expected, received }) => `${field} ${expected}, got ${received}`)
      .join('; ');
    const message = `invoice ${invoice_id} is paid back to another payee: expected ${list}`;
    return refuse(new CashbackError('PAYEE_MISMATCH', message, { invoice_id, fields }));
  }
  if (is_unknown) return { outcome: 'accepted', invoice, completes: input.history?.state === 'complete' };
  if (!isAdopted(invoice)) return refuse(historyUnknown(invoice_id, 'Trust was not asked'));
  return { outcome: 'accepted', invoice, completes: false };
}

export function bodyMismatch(operationId: string, fields: readonly string[]): CashbackError {
  return new CashbackError(
    'OPERATION_BODY_MISMATCH',
    `operation ${operationId} was sent before with other ${fields.join(', ')}: an id stands for one request, forever`,
    { operation_id: operationId, fields },
  );
}

const PAYEE = ['user_id', 'wallet_id', 'currency'] as const;

function differingFields(input: UpdateCashbackInput, known: StoredOperation): string[] {
  const fields: string[] = (['invoice_id', ...PAYEE] as const).filter(
    (field) => input[field] !== known[field],
  );
  if (input.version !== known.version - 1) fields.push('version');
  if (!equalAmounts(parseAmounts(input.reward), parseAmounts(known.reward))) fields.push('reward');
  return fields;
}

function refuse(error: CashbackError): RequestDecision {
  return { outcome: 'refused', error };
}
