import * as z from 'zod';
import {
  amountField,
  balanceField,
  currencyField,
  cursorField,
  idField,
  sourceField,
  timestampField,
} from '@cashback/contract';
import { billingEpochField, sequenceField } from './callbacks.ts';

/** `pending` until the money has moved (`success`) or never will (`failed`). */
export const TRUST_STATUSES = ['pending', 'success', 'failed'] as const;
export type TrustStatus = (typeof TRUST_STATUSES)[number];

/** `POST /baskets`: tops a wallet up. The caller's id makes a repeat harmless. */
export const basketInput = z.strictObject({
  basket_id: idField,
  wallet_id: idField,
  user_id: idField,
  currency: currencyField,
  amount: amountField,
  source: sourceField,
  order_id: idField,
});
export type BasketInput = z.infer<typeof basketInput>;

/** `refunded`: what successful and pending refunds have taken of it. */
export const basket = z.object({
  ...basketInput.shape,
  refunded: amountField,
  status: z.enum(TRUST_STATUSES),
  reason: z.string().nullable(),
});
export type Basket = z.infer<typeof basket>;

/** A refund whose wallet would go below zero: the wallet does, the refund fails, or it takes what the wallet has. */
export const WALLET_POLICIES = ['go_negative', 'fail', 'take_what_is_there'] as const;
export type WalletPolicy = (typeof WALLET_POLICIES)[number];

/** Starts the `reason` of a refund that failed by its policy. */
export const WALLET_SHORT = 'wallet_short';

/**
 * `POST /refunds`: takes a part of a basket, or all of it, back from its wallet. The policy applies at the moment when
 * the money would move.
 */
export const refundInput = z.strictObject({
  refund_id: idField,
  basket_id: idField,
  amount: amountField,
  wallet_policy: z.enum(WALLET_POLICIES).default('go_negative'),
});
export type RefundInput = z.infer<typeof refundInput>;

/** `taken`: the part of the amount that a successful refund took, which never changes; none: all of it. */
export const refund = z.object({
  ...refundInput.shape,
  status: z.enum(TRUST_STATUSES),
  reason: z.string().nullable(),
  taken: amountField.nullish(),
});
export type Refund = z.infer<typeof refund>;

/** `GET /baskets`: every basket of an order, oldest first, in pages. `after` is the last basket of the page before. */
export const basketsQuery = z.strictObject({
  order_id: idField,
  after: idField.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type BasketsQuery = z.infer<typeof basketsQuery>;

/** A basket is listed with this many of its refunds, the oldest ones. */
export const REFUNDS_LISTED = 20;

/** `next_refund`: the `after` of `GET /refunds` for the refunds that are not listed here; none: these are all. */
const listedBasket = z.object({
  ...basket.shape,
  refunds: z.array(refund),
  next_refund: idField.nullish(),
});
export type ListedBasket = z.infer<typeof listedBasket>;

/** `next`: the `after` of the next page; null when this is the last one. */
export const basketsPage = z.object({ baskets: z.array(listedBasket), next: idField.nullable() });
export type BasketsPage = z.infer<typeof basketsPage>;

/** `GET /refunds`: every refund of a basket, oldest first, in pages. `after` is the last refund of the page before. */
export const refundsQuery = z.strictObject({
  basket_id: idField,
  after: idField.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type RefundsQuery = z.infer<typeof refundsQuery>;

/** `next`: the `after` of the next page; null when this is the last one. */
export const refundsPage = z.object({ refunds: z.array(refund), next: idField.nullable() });
export type RefundsPage = z.infer<typeof refundsPage>;

/** `POST /wallets/ID/spend`: the customer uses the money. */
export const spendInput = z.strictObject({ spend_id: idField, amount: amountField });
export type SpendInput = z.infer<typeof spendInput>;

/** A wallet's balance: at Trust the true one, at `wallet` the cached one. */
export const walletBalance = z.object({
  wallet_id: idField,
  currency: currencyField,
  balance: balanceField,
  epoch: billingEpochField.default(1),
  sequence: sequenceField,
  updated_at: timestampField,
});
export type WalletBalance = z.infer<typeof walletBalance>;

/** `GET /wallets/ID` of Trust. No `epoch`: the newest one known. No `user_id`: only known wallets can be read. */
export const trustWallet = walletBalance.extend({
  user_id: idField.optional(),
  epoch: billingEpochField.optional(),
});
export type TrustWallet = z.infer<typeof trustWallet>;

/** `GET /wallets`: every wallet whose balance changed after the cursor, its newest balance only. */
export const walletChangesQuery = z.strictObject({
  after: cursorField.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export type WalletChangesQuery = z.infer<typeof walletChangesQuery>;

/** Oldest change first; `cursor` is where the next page starts. */
export const walletChangesOutput = z.object({
  wallets: z.array(trustWallet),
  cursor: cursorField,
  epoch: billingEpochField.optional(),
});
export type WalletChangesOutput = z.infer<typeof walletChangesOutput>;

/** `POST /epoch` of the stand-in: it was restored, and numbers balances in a new epoch from now on. */
export const trustEpoch = z.object({ epoch: billingEpochField });
export type TrustEpoch = z.infer<typeof trustEpoch>;

const share = z.number().min(0).max(1);

/** `POST /settings`: the faults of the stand-in; absent fields keep their value. Shares are of calls, in [0, 1]. */
export const trustSettings = z.strictObject({
  /** How long a basket or a refund stays `pending`. */
  latency_ms: z.int().min(0).max(600_000),
  /** How long an answer takes. */
  answer_delay_ms: z.int().min(0).max(60_000),
  /** Calls answered 503 with nothing done. */
  failure_share: share,
  /** Calls that are carried out, and whose connection is cut before the answer. */
  lost_answer_share: share,
  /** Baskets and refunds that end as `failed`. */
  refusal_share: share,
  /** Callbacks that are sent twice. */
  duplicate_callback_share: share,
  /** Callbacks that are delayed, so that later ones overtake them. */
  reorder_callback_share: share,
  /** Callbacks that count as delivered and never arrive, as behind a gateway that acknowledges and forgets. */
  lost_callback_share: share,
});
export type TrustSettings = z.infer<typeof trustSettings>;
