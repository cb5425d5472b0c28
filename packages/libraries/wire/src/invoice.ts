import * as z from 'zod';
import {
  amountField,
  balanceField,
  counterField,
  currencyField,
  cursorField,
  epochField,
  idField,
  limitField,
  serviceField,
  sourceField,
  timestampField,
  uniqueSources,
  versionField,
} from '@cashback/contract';

/** `held`: reserved, nothing captured. `cleared`: the items say what is captured now. `cancelled`: nothing is. */
export const INVOICE_STATUSES = ['held', 'cleared', 'cancelled'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];
const invoiceStatus = z
  .enum(INVOICE_STATUSES)
  .describe(
    'held: reserved, nothing captured; cleared: the items say what is captured now; cancelled: nothing is',
  );

const MAX_LINES = 100;
const item = z.object({ item_id: idField, amount: amountField });
export const payment = z.object({ payment_type: idField, items: z.array(item).max(MAX_LINES) });
export type Payment = z.infer<typeof payment>;

const paymentsIn = z
  .array(z.strictObject({ payment_type: idField, items: z.array(z.strictObject(item.shape)).max(MAX_LINES) }))
  .max(20, 'at most 20 payments')
  .refine((payments) => payments.reduce((lines, { items }) => lines + items.length, 0) <= MAX_LINES, {
    error: `at most ${MAX_LINES} items in all payments together`,
  })
  .describe(`How it is paid, and for what; at most ${MAX_LINES} items in all payments together`);

/**
 * Of the side that answers: a new one begins when its tables are restored, and none is ever given twice. It stands before
 * each version, so that (invoice_epoch, version) and (invoice_epoch, cashback.version) order answers across a restore.
 */
export const invoiceEpochField = epochField.describe(
  'Grows when this side is restored; (invoice_epoch, version) orders answers across a restore',
);

/** `init`: accepted. `in-progress`: baskets are moving. `success` and `failed` are terminal. */
export const CASHBACK_STATUSES = ['init', 'in-progress', 'success', 'failed'] as const;
export type CashbackStatus = (typeof CASHBACK_STATUSES)[number];
export const cashbackStatus = z
  .enum(CASHBACK_STATUSES)
  .describe('init: accepted; in-progress: money is moving; success and failed: ended forever');

/** As in an answer: unknown fields are ignored, a repeated source is not. */
const rewards = uniqueSources(z.object({ source: sourceField, amount: amountField }));

/**
 * `operations`: the newest 20, newest first. `rewarded`: what the order's baskets carry now, with what is `owed`: after a
 * success, rewarded - owed is what the newest operation asked for.
 */
export const invoiceCashback = z.object({
  version: counterField.describe(
    'Grows with every change of cashback: when an operation is accepted and when it ends',
  ),
  status: cashbackStatus.describe("The newest operation's; success when there is none"),
  rewarded: rewards.describe(
    'What the invoice carries now, by source: what really happened, also after a failure',
  ),
  owed: rewards
    .describe(
      'The part of rewarded that the newest operation, a success, should have taken back and the wallet did not have; ' +
        'absent: none',
    )
    .optional(),
  elsewhere: rewards
    .describe('The part of rewarded that wallets of earlier payees carry, to be taken back; absent: none')
    .optional(),
  operations: z
    .array(
      z.object({
        operation_id: idField,
        status: cashbackStatus,
        reward: rewards.describe('What it asked for'),
        reason: z.string().describe('Why it failed, or why it has not ended').optional(),
      }),
    )
    .describe('The newest 20, newest first'),
  history: z
    .literal('unknown')
    .describe(
      'Operations may be missing since a restore, and the payment system has no list of what they did: their caller ' +
        'repeats them. In the answer to retrieve only; absent: nothing is missing',
    )
    .optional(),
});
export type InvoiceCashback = z.infer<typeof invoiceCashback>;

const EXAMPLE_PAYMENTS = [{ payment_type: 'card', items: [{ item_id: 'fare', amount: '100.0000' }] }];
const EXAMPLE_REWARD = [
  { source: 'user', amount: '5.0000' },
  { source: 'service', amount: '2.5000' },
];

/** What an order costs, how it was paid, and the cashback it carries. `version` grows with every change of money. */
export const invoice = z
  .object({
    invoice_id: idField,
    service: serviceField,
    user_id: idField,
    wallet_id: idField,
    currency: currencyField,
    invoice_epoch: invoiceEpochField.optional(),
    version: versionField.describe('Grows by 1 with every change of money'),
    status: invoiceStatus,
    payments: z.array(payment),
    cashback: invoiceCashback,
    created_at: timestampField,
    updated_at: timestampField,
  })
  .meta({
    examples: [
      {
        invoice_id: 'order-1',
        service: 'yellow',
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'USD',
        invoice_epoch: 1,
        version: 2,
        status: 'cleared',
        payments: EXAMPLE_PAYMENTS,
        cashback: {
          version: 2,
          status: 'success',
          rewarded: EXAMPLE_REWARD,
          operations: [{ operation_id: 'operation-1', status: 'success', reward: EXAMPLE_REWARD }],
        },
        created_at: '2026-01-02T03:04:05.678Z',
        updated_at: '2026-01-02T03:05:00.000Z',
      },
    ],
  });
export type Invoice = z.infer<typeof invoice>;

const changeIdIn = idField.describe(
  "The caller's own, of one invoice; it stands for this change, forever. Another id is another change, even with equal content",
);

/** `POST /v2/invoice/create` */
export const invoiceCreateInput = z
  .strictObject({
    invoice_id: idField,
    service: serviceField,
    user_id: idField,
    wallet_id: idField,
    currency: currencyField,
    status: z.enum(['held', 'cleared']),
    payments: paymentsIn,
    change_id: changeIdIn.optional(),
  })
  .meta({
    examples: [
      {
        invoice_id: 'order-1',
        service: 'yellow',
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'USD',
        status: 'held',
        payments: EXAMPLE_PAYMENTS,
      },
    ],
  });
export type InvoiceCreateInput = z.infer<typeof invoiceCreateInput>;

/** `POST /v2/invoice/update`: states what is captured now; `version` is the one the caller has seen. */
export const invoiceUpdateInput = z
  .strictObject({
    invoice_id: idField,
    version: versionField.describe('The one that the caller has seen'),
    status: invoiceStatus,
    payments: paymentsIn,
    change_id: changeIdIn.optional(),
  })
  .meta({ examples: [{ invoice_id: 'order-1', version: 1, status: 'cleared', payments: EXAMPLE_PAYMENTS }] });
export type InvoiceUpdateInput = z.infer<typeof invoiceUpdateInput>;

const REASON_TEXT = 'a reason: 1 to 500 characters, without line breaks and other controls';
// oxlint-disable-next-line no-control-regex -- it refuses them
const reasonIn = z.string(REASON_TEXT).regex(/^[^\u0000-\u001f\u007f\ud800-\udfff]{1,500}$/, REASON_TEXT);

/** `POST /v2/invoice/change_payee`: `version` is the one the caller has seen. The currency never changes. */
export const invoiceChangePayeeInput = z
  .strictObject({
    invoice_id: idField,
    version: versionField.describe('The one that the caller has seen'),
    user_id: idField,
    wallet_id: idField,
    reason: reasonIn.describe('Why; kept in the history'),
  })
  .meta({
    examples: [
      { invoice_id: 'order-1', version: 2, user_id: 'user-2', wallet_id: 'wallet-2', reason: 'users merged' },
    ],
  });
export type InvoiceChangePayeeInput = z.infer<typeof invoiceChangePayeeInput>;

/** `POST /v2/invoice/retrieve` */
export const invoiceRetrieveInput = z
  .strictObject({ invoice_id: idField })
  .meta({ examples: [{ invoice_id: 'order-1' }] });

/** `POST /v2/invoice/changes`: every invoice whose money changed after the cursor, its newest version only. */
export const invoiceChangesInput = z
  .strictObject({
    after: cursorField.describe('The cursor of the page before; without it the feed starts over').optional(),
    limit: limitField.default(100),
  })
  .meta({ examples: [{ limit: 100 }] });
/** Of a feed, beside its page. */
export const feedLagField = counterField.describe(
  'Age of the oldest change that waits for a transaction which is still running; 0 when none does',
);
export const invoiceChange = z.object({ invoice_id: idField, version: versionField, service: serviceField });
export type InvoiceChange = z.infer<typeof invoiceChange>;
export const invoiceChangesOutput = z
  .object({
    changes: z.array(invoiceChange).describe('Oldest change first; empty when there is nothing more yet'),
    cursor: cursorField.describe('Where the next page starts'),
    invoice_epoch: invoiceEpochField.optional(),
    lag_ms: feedLagField.optional(),
  })
  .meta({
    examples: [
      {
        changes: [{ invoice_id: 'order-1', version: 2, service: 'yellow' }],
        cursor: '1.742.17',
        invoice_epoch: 1,
        lag_ms: 0,
      },
    ],
  });
export type InvoiceChangesOutput = z.infer<typeof invoiceChangesOutput>;

/** How a version of an invoice differs from the one before it. */
const INVOICE_CHANGES = [
  'held',
  'hold_changed',
  'cleared',
  'refunded_in_part',
  'refunded_in_full',
  'cleared_again',
  'moved_between_items',
  'cancelled',
  'payee_changed',
] as const;

/** `POST /v2/invoice/history`: every version of an invoice and what explains it, oldest first. */
export const invoiceHistoryInput = z
  .strictObject({
    invoice_id: idField,
    after_version: counterField.describe('The newest version that the caller has').default(0),
    limit: limitField.default(100),
  })
  .meta({ examples: [{ invoice_id: 'order-1', after_version: 0, limit: 100 }] });
export type InvoiceHistoryInput = z.infer<typeof invoiceHistoryInput>;

/** A version of an invoice; it never changes. */
export const invoiceVersion = z.object({
  version: versionField,
  status: invoiceStatus,
  payments: z.array(payment),
  captured_sum: balanceField.describe('Sum of the items of a cleared invoice, otherwise 0'),
  change: z.enum(INVOICE_CHANGES).describe('What happened since the version before'),
  captured_change: balanceField.describe('By how much the captured sum grew; below 0 what was given back'),
  items: z
    .array(z.object({ payment_type: idField, item_id: idField, before: balanceField, after: balanceField }))
    .describe('The items whose stated amounts changed, and from what to what'),
  payee: z
    .object({ user_id: idField, wallet_id: idField, reason: z.string() })
    .describe('The new payee, where it changed, and why')
    .optional(),
  changed_by: z.string().describe('The name of the token that asked for it'),
  change_id: idField.describe("The caller's own id of the change, if it gave one").optional(),
  changed_at: timestampField,
});
export type InvoiceVersion = z.infer<typeof invoiceVersion>;
export const invoiceHistoryOutput = z
  .object({ versions: z.array(invoiceVersion).describe('Oldest first; empty when there is nothing newer') })
  .meta({
    examples: [
      {
        versions: [
          {
            version: 2,
            status: 'cleared',
            payments: EXAMPLE_PAYMENTS,
            captured_sum: '100.0000',
            change: 'cleared',
            captured_change: '100.0000',
            items: [],
            changed_by: 'shop',
            changed_at: '2026-01-02T03:05:00.000Z',
          },
        ],
      },
    ],
  });
export type InvoiceHistoryOutput = z.infer<typeof invoiceHistoryOutput>;
