import { z } from 'zod';
import { HttpCallError } from './http-call-error.ts';

/** The request of a call, as its errors name it. */
export interface Called {
  /** The name of the upstream, for messages. */
  upstream: string;
  method: 'GET' | 'POST';
  origin: string;
  path: string;
  /** For the whole exchange: connecting, sending, waiting and reading the answer. */
  timeout_ms: number;
}

const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    issues: z.array(z.unknown()).optional(),
  }),
});

const RETRY_LATER_STATUSES = new Set([408, 425, 429]);

/** What an answer that is no success says. Only a definite refusal, with an error of ours, counts as `refused`. */
export function refusalOf(
  call: Called,
  { http_status, text, retry_after }: { http_status: number; text: string; retry_after: unknown },
): HttpCallError {
  const parsed = errorBodySchema.safeParse(parseJson(text));
  const retry_after_ms = parseRetryAfter(retry_after);
  const { code, message, details, issues } = parsed.data?.error ?? {};
  const definite = parsed.success && http_status >= 400 && http_status < 500;
  return callError(call, message ?? `answered ${http_status}: ${shorten(text)}`, {
    outcome: definite && !RETRY_LATER_STATUSES.has(http_status) ? 'refused' : 'unknown',
    code: code ?? 'BAD_ANSWER',
    http_status,
    details: { ...details, ...(issues && { issues }) },
    ...(retry_after_ms !== undefined && { retry_after_ms }),
  });
}

/** The call may have taken effect. */
export function noAnswer(call: Called, cause?: unknown): HttpCallError {
  const what = `no answer within ${call.timeout_ms} ms`;
  return callError(call, what, { outcome: 'unknown', code: 'TIMEOUT', cause });
}

type CallErrorOptions = Omit<ConstructorParameters<typeof HttpCallError>[1], 'upstream' | 'method' | 'url'>;

export function callError(call: Called, what: string, options: CallErrorOptions): HttpCallError {
  const { upstream, method, origin, path } = call;
  return new HttpCallError(what, { upstream, method, url: `${origin}${path}`, ...options });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` is a number of seconds or a date. */
function parseRetryAfter(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

export function shorten(text: string): string {
  if (text === '') return 'nothing';
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 197)}...`);
}
