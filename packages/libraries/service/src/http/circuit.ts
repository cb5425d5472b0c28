import {
  BrokenCircuitError,
  CircuitState,
  DelegateBackoff,
  type FailureReason,
  SamplingBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { backoffMs } from '../schedule/backoff.ts';
import { HttpCallError } from './http-call-error.ts';
import type { Log } from '../process/log.ts';

export interface CircuitOptions {
  log: Log;
  /** Fewer calls than that in ten seconds never open it, however many of them fail. */
  min_calls: number;
  /** How long no call leaves once it opened; that doubles with every probe that fails, up to `open_max_ms`. */
  open_base_ms: number;
  open_max_ms: number;
}

/** The state of an upstream as the calls so far show it. */
export interface UpstreamState {
  /** `open`: no call leaves. `probing`: one is under way, and the others wait for its end. */
  circuit: 'closed' | 'open' | 'probing';
  /** How long until a call may leave again; 0 unless it is open. */
  retry_after_ms: number;
  /** Since when it answers; null when it was never down. */
  answers_since: Date | null;
}

export interface Circuit {
  /** Makes the call, or rejects with `CircuitOpenError` without making it. */
  run<T>(call: () => Promise<T>): Promise<T>;
  state(): UpstreamState;
  /** For how long of the time from then until now the upstream was down. */
  downtimeMs(since: Date): number;
}

export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  readonly retry_after_ms: number;

  constructor(retry_after_ms: number) {
    super('the circuit is open');
    this.retry_after_ms = retry_after_ms;
  }
}

/** Older outages are forgotten. */
const MAX_OUTAGES = 1_000;
const WINDOW_MS = 10_000;
/** The circuit opens when more than this share of the last ten seconds' calls failed. */
const FAILED_SHARE = 0.5;
const GIVEN_UP = new Set(['ABORTED', 'CLOSED']);
/** The upstream is busy, or refuses our token. */
const SHUT_STATUSES = new Set([401, 403, 408, 425, 429]);

/**
 * Opens when an upstream is down: it does not answer in time, or answers with a 5xx, with something that is not JSON,
 * with 408, 425 or 429, or refuses our token. It closes when a single probe is answered. Any
 * other refusal is an answer.
 */
export function createCircuit(upstream: string, options: CircuitOptions): Circuit {
  const { log, min_calls, open_base_ms, open_max_ms } = options;
  let opensUntil = 0;
  let downSince: Date | null = null;
  let answersSince: Date | null = null;
  const outages: { from: number; to: number }[] = [];

  const backoff = new DelegateBackoff<{ attempt: number; result: FailureReason<unknown> }>((context) => {
    const error = 'error' in context.result ? context.result.error : undefined;
    const asked = error instanceof HttpCallError ? (error.retry_after_ms ?? 0) : 0;
    const ms = Math.max(backoffMs(context.attempt, { base_ms: open_base_ms, max_ms: open_max_ms }), asked);
    opensUntil = Date.now() + ms;
    return ms;
  });
  // A probe that is given up says nothing: it must not count as an answer.
  const fails = (error: unknown): boolean =>
    isDown(error) || (policy.state === CircuitState.HalfOpen && isGivenUp(error));
  const policy = circuitBreaker(handleWhen(fails), {
    breaker: new SamplingBreaker({
      threshold: FAILED_SHARE,
      duration: WINDOW_MS,
      minimumRps: (min_calls * 1_000) / WINDOW_MS,
    }),
    halfOpenAfter: backoff,
  });

  policy.onStateChange((state) => {
    if (state === CircuitState.Open && downSince === null) {
      downSince = new Date();
      const { error } = policy.lastFailure as { error: Error };
      log.warn(
        { upstream, error: error.message },
        'upstream is down: its calls are held back, and single ones probe it',
      );
    }
    if (state === CircuitState.Closed && downSince !== null) {
      const now = new Date();
      log.info({ upstream, down_ms: now.getTime() - downSince.getTime() }, 'upstream answers again');
      outages.push({ from: downSince.getTime(), to: now.getTime() });
      if (outages.length > MAX_OUTAGES) outages.shift();
      downSince = null;
      answersSince = now;
    }
  });

  const retryAfter = (): number => Math.max(0, opensUntil - Date.now());
  return {
    async run(call) {
      try {
        return await policy.execute(call);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? new CircuitOpenError(retryAfter()) : error;
      }
    },
    state() {
      const circuit = CIRCUITS[policy.state];
      return {
        circuit,
        retry_after_ms: circuit === 'open' ? retryAfter() : 0,
        answers_since: answersSince,
      };
    },
    downtimeMs(since) {
      const now = Date.now();
      const all = downSince === null ? outages : [...outages, { from: downSince.getTime(), to: now }];
      return all.reduce((ms, { from, to }) => ms + Math.max(0, to - Math.max(from, since.getTime())), 0);
    },
  };
}

const CIRCUITS: Record<CircuitState, UpstreamState['circuit']> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'probing',
  [CircuitState.Isolated]: 'open',
};

function isDown(error: unknown): boolean {
  if (!(error instanceof HttpCallError)) return false;
  const { http_status, code, outcome } = error;
  if (http_status === undefined) return code === 'TIMEOUT' || code === 'CONNECTION_FAILED';
  if (SHUT_STATUSES.has(http_status)) return true;
  return outcome === 'unknown' && (http_status >= 500 || http_status < 300);
}

function isGivenUp(error: unknown): boolean {
  return error instanceof HttpCallError && GIVEN_UP.has(error.code);
}
