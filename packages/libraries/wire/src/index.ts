export {
  CASHBACK_STATUSES,
  INVOICE_STATUSES,
  invoice,
  invoiceCashback,
  invoiceChangePayeeInput,
  invoiceChangesInput,
  invoiceChangesOutput,
  invoiceCreateInput,
  invoiceEpochField,
  invoiceHistoryInput,
  invoiceHistoryOutput,
  invoiceRetrieveInput,
  invoiceUpdateInput,
  payment,
} from './invoice.ts';
export type {
  CashbackStatus,
  Invoice,
  InvoiceCashback,
  InvoiceChange,
  InvoiceChangePayeeInput,
  InvoiceChangesOutput,
  InvoiceCreateInput,
  InvoiceHistoryInput,
  InvoiceHistoryOutput,
  InvoiceStatus,
  InvoiceUpdateInput,
  InvoiceVersion,
  Payment,
} from './invoice.ts';
export { cashbackChangesInput, cashbackChangesOutput } from './cashback-changes.ts';
export type { CashbackChange, CashbackChangesOutput } from './cashback-changes.ts';
export { updateCashbackInput, updateCashbackOutput } from './update-cashback.ts';
export type { StatedHistory, UpdateCashbackInput, UpdateCashbackOutput } from './update-cashback.ts';
export {
  balanceChangedCallback,
  billingEpochField,
  invoiceChangedCallback,
  operationFinishedCallback,
} from './callbacks.ts';
export type {
  BalanceChangedCallback,
  InvoiceChangedCallback,
  OperationFinishedCallback,
} from './callbacks.ts';
export {
  REFUNDS_LISTED,
  TRUST_STATUSES,
  WALLET_POLICIES,
  WALLET_SHORT,
  basket,
  basketInput,
  basketsPage,
  basketsQuery,
  refundsPage,
  refundsQuery,
  refund,
  refundInput,
  spendInput,
  trustEpoch,
  trustSettings,
  trustWallet,
  walletBalance,
  walletChangesOutput,
  walletChangesQuery,
} from './trust.ts';
export type {
  Basket,
  BasketInput,
  BasketsPage,
  BasketsQuery,
  RefundsPage,
  RefundsQuery,
  ListedBasket,
  Refund,
  RefundInput,
  SpendInput,
  TrustEpoch,
  TrustSettings,
  TrustStatus,
  TrustWallet,
  WalletBalance,
  WalletPolicy,
  WalletChangesOutput,
  WalletChangesQuery,
} from './trust.ts';
export { PaymentError } from './payment-error.ts';
export { serviceCashbackInput, serviceCashbackOutput } from './service-cashback.ts';
export type { ServiceCashbackInput, ServiceCashbackOutput } from './service-cashback.ts';
export { cashbackServices } from './cashback-services.ts';
export type { CashbackServicesConfig } from './cashback-services.ts';
