import type { AppName } from '@cashback/system';

/** Short intervals and timeouts, so that a timeout is reached soon. */
export const SETTINGS: Partial<Record<AppName, Record<string, string>>> = {
  worker: {
    TRANSACTIONS_TIMEOUT_MS: '1000',
    POLL_INTERVAL_MS: '40',
    POLL_LEASE_MS: '1000',
    POLL_BASE_MS: '20',
    POLL_MAX_MS: '200',
    FAILURE_BASE_MS: '20',
    FAILURE_MAX_MS: '200',
    MAX_FAILURES: '100',
    SWEEP_INTERVAL_MS: '250',
    SWEEP_GRACE_MS: '300',
    QUEUE_POLL_MS: '500',
  },
  transactions: {
    TRUST_TIMEOUT_MS: '300',
    POLL_BASE_MS: '20',
    POLL_MAX_MS: '200',
    SWEEP_INTERVAL_MS: '250',
    OVERDUE_AFTER_MS: '300',
    CALLBACK_TIMEOUT_MS: '1000',
    CALLBACK_RETRY_MAX_MS: '200',
  },
  processing: {
    UPSTREAM_TIMEOUT_MS: '1000',
    CATCH_UP_INTERVAL_MS: '300',
    ATTENTION_REPORT_INTERVAL_MS: '60000',
    SWEEP_INTERVAL_MS: '250',
    OVERDUE_AFTER_MS: '300',
    RETRY_BASE_MS: '20',
    RETRY_MAX_MS: '200',
  },
  trust: { CALLBACK_TIMEOUT_MS: '1000', CALLBACK_RETRY_MAX_MS: '200' },
  wallet: { SWEEP_INTERVAL_MS: '200', PUSH_OVERDUE_MS: '500' },
};

/** The schema in which each app's pg-boss keeps its jobs. */
export const QUEUE_SCHEMAS: Readonly<Partial<Record<AppName, string>>> = {
  worker: 'cashback_jobs',
  transactions: 'transactions_jobs',
  processing: 'processing_jobs',
  wallet: 'wallet_jobs',
};
