import { z } from 'zod';
import type { DescribedIssue } from '../settings/describe-issues.ts';
import { HttpCallError } from './http-call-error.ts';
import { ServiceError, isPublicError } from './service-error.ts';

/** The body of every answer that is not a success. */
export const errorBody = z.object({
  error: z.object({
    code: z.string().describe('For a program: one of a closed list'),
    message: z.string().describe('For a person'),
    retryable: z.boolean().describe('True when the same call may succeed later, unchanged'),
    details: z.record(z.string(), z.unknown()).describe('What the message says, for a program').optional(),
    issues: z
      .array(z.object({ path: z.string(), expected: z.string(), received: z.string(), message: z.string() }))
      .describe('What is wrong with the input, field by field; with BAD_REQUEST')
      .optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;

export interface ErrorAnswer {
  http_status: number;
  body: ErrorBody;
  retry_after_ms?: number;
  /** True when the cause is hidden from the caller, so that only the log has it. */
  masked: boolean;
}

/** An input that a schema refused; the answer lists its issues. */
export class BadInputError extends ServiceError {
  readonly issues: DescribedIssue[];

  constructor(what: string, issues: DescribedIssue[]) {
    const list = issues.map(({ message }) => message).join('; ');
    super(`The ${what} is not as expected: ${list}`, {
      code: 'BAD_REQUEST',
      http_status: 400,
      retryable: false,
    });
    this.issues = issues;
  }
}

interface ServerLimits {
  body_limit_bytes: number;
}

/** What the caller sees of an error: errors that are meant for callers are shown, all others are masked. */
export function toErrorAnswer(
  error: unknown,
  { body_limit_bytes }: ServerLimits,
  requestId: string,
): ErrorAnswer {
  if (isPublicError(error)) {
    const { code, message, retryable, details, http_status } = error;
    const answer = answerWith(http_status, code, message, retryable);
    if (details !== undefined && Object.keys(details).length > 0) answer.body.error.details = details;
    if (error instanceof BadInputError) answer.body.error.issues = error.issues;
    if (typeof details?.['retry_after_ms'] === 'number') answer.retry_after_ms = details['retry_after_ms'];
    return answer;
  }
  const { code, statusCode, message } = frameworkError(error);
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return answerWith(
        413,
        'PAYLOAD_TOO_LARGE',
        `The body is larger than the limit of ${body_limit_bytes} bytes`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return answerWith(
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        'The body must be JSON, sent as content-type: application/json',
      );
  }
  if (statusCode === 400 || statusCode === 431) {
    return answerWith(statusCode, 'BAD_REQUEST', `The request cannot be read: ${message}`);
  }
  if (error instanceof HttpCallError && error.outcome === 'unknown') {
    const text = `${error.upstream}, which this needs, did not answer as expected; try again later`;
    return { ...answerWith(503, 'UPSTREAM_UNAVAILABLE', text, true), masked: true };
  }
  if (error instanceof Error && (error as { retryable?: unknown }).retryable === true) {
    return {
      ...answerWith(503, 'UNAVAILABLE', 'Something this needs is not available; try again later', true),
      masked: true,
    };
  }
  const text = `The request failed inside the server; its log has the cause under request_id ${requestId}`;
  return { ...answerWith(500, 'INTERNAL', text), masked: true };
}

function answerWith(http_status: number, code: string, message: string, retryable = false): ErrorAnswer {
  return { http_status, body: { error: { code, message, retryable } }, masked: false };
}

/** Only fastify's own errors say a status and a text that are fit for the caller. */
function frameworkError(error: unknown): { code?: string; statusCode?: number; message?: string } {
  if (!(error instanceof Error)) return {};
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const ofFastify = typeof code === 'string' && code.startsWith('FST_ERR_');
  // Malformed JSON is a bare SyntaxError that fastify gave a status.
  if (!ofFastify && !(error instanceof SyntaxError)) return {};
  return {
    ...(ofFastify && { code }),
    ...(typeof statusCode === 'number' && { statusCode }),
    message: error.message,
  };
}
