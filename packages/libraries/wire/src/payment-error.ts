const HTTP_STATUSES = {
  BASKET_NOT_FOUND: 404,
  REFUND_NOT_FOUND: 404,
  WALLET_NOT_FOUND: 404,
  BASKET_BODY_MISMATCH: 409,
  REFUND_EXCEEDS_BASKET: 422,
} as const;

/** A refusal of Trust, or of `wallet`. No caller of the server sees these codes, so the published list lacks them. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly code: keyof typeof HTTP_STATUSES;
  readonly details: Record<string, unknown>;
  readonly retryable = false;

  constructor(code: keyof typeof HTTP_STATUSES, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get http_status(): number {
    return HTTP_STATUSES[this.code];
  }
}
