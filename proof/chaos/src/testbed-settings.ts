import type { AppName } from '@cashback/system';

/** The service whose refunds take what a wallet has, and leave the rest owed. */
export const OWING_SERVICE = 'owing';

/** Short intervals, so that minutes show what takes hours in production. */
export const SETTINGS: Partial<Record<AppName, Record<string, string>>> = {
  worker: {
    TRANSACTIONS_TIMEOUT_MS: '2000',
    TRANSACTIONS_CIRCUIT_OPEN_MS: '100',
    TRANSACTIONS_CIRCUIT_OPEN_MAX_MS: '1000',
    POLL_LEASE_MS: '4000',
    POLL_BASE_MS: '200',
    POLL_MAX_MS: '2000',
    FAILURE_BASE_MS: '200',
    FAILURE_MAX_MS: '2000',
    // Low, so that orders need attention while faults last, and leave it by themselves.
    MAX_FAILURES: '3',
    ATTENTION_AFTER_MS: '10000',
    ATTENTION_POLL_MS: '500',
    ATTENTION_POLL_MAX_MS: '4000',
    SWEEP_INTERVAL_MS: '1000',
    SWEEP_GRACE_MS: '4000',
    QUEUE_POLL_MS: '500',
  },
  transactions: {
    WALLET_POLICIES: JSON.stringify({ [OWING_SERVICE]: 'take_what_is_there' }),
    ADOPTION_INTERVAL_MS: '250',
    ADOPTION_RETRY_MAX_MS: '4000',
    TRUST_TIMEOUT_MS: '2000',
    POLL_BASE_MS: '100',
    POLL_MAX_MS: '2000',
    SWEEP_INTERVAL_MS: '1000',
    OVERDUE_AFTER_MS: '3000',
    CALLBACK_TIMEOUT_MS: '2000',
    CALLBACK_RETRY_MAX_MS: '2000',
  },
  processing: {
    UPSTREAM_TIMEOUT_MS: '2000',
    CATCH_UP_INTERVAL_MS: '2000',
    SWEEP_INTERVAL_MS: '1000',
    OVERDUE_AFTER_MS: '3000',
    RETRY_BASE_MS: '200',
    RETRY_MAX_MS: '2000',
    ATTENTION_AFTER_MS: '2000',
    ATTENTION_RETRY_MAX_MS: '2000',
  },
  trust: { CALLBACK_TIMEOUT_MS: '2000', CALLBACK_RETRY_MAX_MS: '2000' },
  wallet: { SWEEP_INTERVAL_MS: '1000', PUSH_OVERDUE_MS: '2000', FEED_INTERVAL_MS: '500' },
};
