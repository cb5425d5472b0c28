import {
  CashbackError,
  type CashbackErrorCode,
  amountField,
  amountsBySource,
  balanceField,
  counterField,
  currencyField,
  cursorField,
  idField,
  serviceField,
  sourceField,
  timestampField,
  versionField,
} from '@cashback/contract';
import {
  cashbackChangesInput,
  cashbackChangesOutput,
  invoice,
  invoiceCashback,
  invoiceChangePayeeInput,
  invoiceChangedCallback,
  invoiceChangesInput,
  invoiceChangesOutput,
  invoiceCreateInput,
  invoiceHistoryInput,
  invoiceHistoryOutput,
  invoiceRetrieveInput,
  invoiceUpdateInput,
  operationFinishedCallback,
  payment,
  updateCashbackInput,
  updateCashbackOutput,
} from '@cashback/wire';
import { type ApiError, type ApiRoute, describeApi } from '@cashback/service';

const INVOICE_NOT_FOUND = refusal('INVOICE_NOT_FOUND', 'there is no such invoice');
const CHANGE_BODY_MISMATCH = refusal('CHANGE_BODY_MISMATCH', 'the change id stands for another change');
const CURSOR_INVALID = refusal(
  'CURSOR_INVALID',
  '`after` is no cursor from an answer, is ahead of the database, or is of an epoch that it does not know',
);

/** The routes of this app: their inputs, answers and descriptions. */
export const api = {
  create: {
    path: '/v2/invoice/create',
    summary: 'Create an invoice',
    description:
      'States what an order costs and how it is paid, as version 1. The same body again is answered with the invoice as ' +
      'it is now, so a call whose answer was lost may be repeated.',
    scope: 'invoices',
    body: invoiceCreateInput,
    answer: invoice,
    errors: {
      ...refusal('INVOICE_EXISTS', 'the id was created with other content'),
      ...CHANGE_BODY_MISMATCH,
    },
  },
  update: {
    path: '/v2/invoice/update',
    summary: 'State what is captured now',
    description:
      'A clear, a partial or full refund, another clear or a cancellation. Each states everything that is captured now, ' +
      'never a difference. The update that made the current version may be repeated. An update with the same content ' +
      'changes nothing. With a `change_id` the id alone says which update this is: the same id is the same change for ' +
      'ever, another id is another change even when its content is equal.',
    scope: 'invoices',
    body: invoiceUpdateInput,
    answer: invoice,
    errors: {
      ...INVOICE_NOT_FOUND,
      ...refusal('VERSION_MISMATCH', 'the invoice is at another version: retrieve it and decide again'),
      ...refusal('STATUS_FORBIDDEN', 'an invoice of its status cannot get that one'),
      ...CHANGE_BODY_MISMATCH,
    },
  },
  changePayee: {
    path: '/v2/invoice/change_payee',
    summary: 'Change the payee of an invoice',
    description:
      'Another user or wallet, as when users are merged or a wallet is replaced. It is a version of its own, and kept in ' +
      'the history with its reason. The `cashback.version` grows too, so no operation for the payee before is accepted any ' +
      'more. `cashback.elsewhere` lists the amounts in wallets of earlier payees; the next operation takes it back first, and ' +
      'tops up the new wallet. A repeat changes nothing.',
    scope: 'invoices',
    body: invoiceChangePayeeInput,
    answer: invoice,
    errors: {
      ...INVOICE_NOT_FOUND,
      ...refusal('VERSION_MISMATCH', 'the invoice is at another version: retrieve it and decide again'),
      ...refusal('OPERATION_IN_FLIGHT', 'an operation has not ended: repeat this call later'),
    },
  },
  retrieve: {
    path: '/v2/invoice/retrieve',
    summary: 'Read an invoice',
    description: 'The invoice with its cashback, all as of one moment.',
    scope: 'invoices.read',
    body: invoiceRetrieveInput,
    answer: invoice,
    errors: { ...INVOICE_NOT_FOUND },
  },
  changes: {
    path: '/v2/invoice/changes',
    summary: 'Follow the invoices whose money changed',
    description:
      'Every invoice that was created or updated after the cursor, once, with its newest version. A reader that follows ' +
      'the cursors misses no change, not even one that is committed late. This makes up for lost callbacks.',
    scope: 'invoices.read',
    body: invoiceChangesInput,
    answer: invoiceChangesOutput,
    errors: { ...CURSOR_INVALID },
  },
  cashbackChanges: {
    path: '/v2/cashback/changes',
    summary: 'Follow the changes of cashback',
    description:
      'Every change of a `cashback.version` after the cursor, with the operation that was accepted or ended; without one ' +
      'none caused it. A reader that follows the cursors misses no change, by any caller, not even one that is ' +
      'committed late. `lag_ms` is the age of the oldest change that has to wait for a transaction which is still running.',
    scope: 'invoices.read',
    body: cashbackChangesInput,
    answer: cashbackChangesOutput,
    errors: { ...CURSOR_INVALID },
  },
  history: {
    path: '/v2/invoice/history',
    summary: 'Read the history of an invoice',
    description:
      'Every version as it was stated, its caller and time, and what it changed. Versions are only added. Continue from ' +
      'the last version of a page until a page is empty.',
    scope: 'invoices.read',
    body: invoiceHistoryInput,
    answer: invoiceHistoryOutput,
    errors: { ...INVOICE_NOT_FOUND },
  },
  updateCashback: {
    path: '/update/cashback',
    summary: 'Move the cashback of an invoice to a target',
    description:
      'Accepts an operation. Poll `/v2/invoice/retrieve` for its end; a callback expedites the poll. The checks run in ' +
      'this order: the operation id, an operation that has not ended, the version, the payee. A known id with the same ' +
      'body is answered with the current status, forever, and the operation is resumed if it was stuck.',
    scope: 'cashback.update',
    body: updateCashbackInput,
    answer: updateCashbackOutput,
    errors: {
      ...INVOICE_NOT_FOUND,
      ...refusal('OPERATION_BODY_MISMATCH', 'the id was sent before with another body'),
      ...refusal('OPERATION_IN_FLIGHT', 'another operation has not ended: repeat this one later'),
      ...refusal(
        'VERSION_MISMATCH',
        'the cashback is at another version: this operation will never apply, make another one',
      ),
      ...refusal(
        'HISTORY_UNKNOWN',
        'the side was restored, and the payment system cannot say yet what it has of the invoice: repeat this one later',
      ),
      ...refusal('PAYEE_MISMATCH', 'the invoice belongs to another user, wallet or currency'),
    },
  },
} as const satisfies Record<string, ApiRoute>;

/** The document of `GET /openapi.json`. */
export const document = describeApi({
  title: 'transactions',
  version: '2.0.0',
  description:
    'Invoices, and the cashback that they carry. Amounts are decimal strings. Every call may be repeated after a lost ' +
    'answer. Callbacks are signed by Standard Webhooks over the raw body. They only expedite polling.\n\n' +
    '`docs/transactions-api.md` says what another implementation must guarantee, and `pnpm conformance` checks it.',
  routes: Object.values(api),
  callbacks: [
    {
      name: 'invoice.changed',
      summary: 'The money of an invoice changed',
      description:
        'At least once for every version, in any order. It is dropped after a time without success.',
      body: invoiceChangedCallback,
    },
    {
      name: 'operation.finished',
      summary: 'An operation ended',
      description: 'At least once for every operation. It is dropped after a time without success.',
      body: operationFinishedCallback,
    },
  ],
  components: {
    Amount: amountField,
    AmountsBySource: amountsBySource,
    Balance: balanceField,
    CashbackChanges: cashbackChangesInput,
    CashbackChangesPage: cashbackChangesOutput,
    Counter: counterField,
    Currency: currencyField,
    Cursor: cursorField,
    Id: idField,
    Invoice: invoice,
    InvoiceCashback: invoiceCashback,
    InvoiceChangePayee: invoiceChangePayeeInput,
    InvoiceChangedCallback: invoiceChangedCallback,
    InvoiceChanges: invoiceChangesInput,
    InvoiceChangesPage: invoiceChangesOutput,
    InvoiceCreate: invoiceCreateInput,
    InvoiceHistory: invoiceHistoryInput,
    InvoiceHistoryPage: invoiceHistoryOutput,
    InvoiceRetrieve: invoiceRetrieveInput,
    InvoiceUpdate: invoiceUpdateInput,
    OperationFinishedCallback: operationFinishedCallback,
    Payment: payment,
    Service: serviceField,
    Source: sourceField,
    Timestamp: timestampField,
    UpdateCashback: updateCashbackInput,
    UpdateCashbackAnswer: updateCashbackOutput,
    Version: versionField,
  },
});

function refusal(code: CashbackErrorCode, when: string): Record<string, ApiError> {
  const { http_status } = new CashbackError(code, when);
  return { [code]: { http_status, when } };
}
