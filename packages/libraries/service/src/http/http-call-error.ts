interface HttpCallErrorOptions {
  outcome: 'refused' | 'unknown';
  upstream: string;
  method: string;
  url: string;
  code: string;
  http_status?: number;
  details?: Record<string, unknown>;
  retry_after_ms?: number;
  cause?: unknown;
}

/**
 * A call that did not succeed. `refused`: the upstream definitely did not apply it and says why in `code`.
 * `unknown`: it may have been applied (no answer, a broken one, or a request to retry later), so the only
 * safe thing is the same call again.
 *
 * Codes of unknown outcomes: the upstream's own where its answer had one, otherwise `TIMEOUT`, `ABORTED`,
 * `CONNECTION_FAILED`, `BAD_ANSWER` or, for a call that never left, `TOO_MANY_WAITING`, `CLOSED` and `CIRCUIT_OPEN`.
 */
export class HttpCallError extends Error {
  override readonly name = 'HttpCallError';
  readonly outcome: 'refused' | 'unknown';
  readonly upstream: string;
  readonly code: string;
  /** Absent when no answer came. */
  readonly http_status: number | undefined;
  readonly details: Record<string, unknown>;
  /** How long the upstream asks to be left alone. */
  readonly retry_after_ms: number | undefined;

  constructor(what: string, options: HttpCallErrorOptions) {
    const {
      outcome,
      upstream,
      method,
      url,
      code,
      http_status,
      details = {},
      retry_after_ms,
      cause,
    } = options;
    super(`${upstream}: ${method} ${url}: ${what}`, cause === undefined ? {} : { cause });
    this.outcome = outcome;
    this.upstream = upstream;
    this.code = code;
    this.http_status = http_status;
    this.details = details;
    this.retry_after_ms = retry_after_ms;
  }
}
