import type { z } from 'zod';
import { verifyCallback } from './callback-signature.ts';
import { BadInputError } from '../http/error-answer.ts';
import type { HttpServer } from '../http/http-server.ts';
import { answerWith, check } from '../http/route.ts';

export interface ReceiveCallbackOptions<S extends z.ZodType> {
  path: string;
  /** As `setting.signingSecret` reads it: one, or several during a rotation. */
  secret: string;
  body: S;
  /** Called once per delivery; a repeated one has the same `webhook_id`. Answered 204 when it resolves. */
  handler: (callback: { body: z.output<S>; webhook_id: string }) => unknown;
}

/**
 * Adds a POST route for a signed callback: the signature takes the place of a bearer token, and is checked over
 * the bytes that came, before anything reads them.
 */
export function receiveCallback<S extends z.ZodType>(
  server: HttpServer,
  options: ReceiveCallbackOptions<S>,
): void {
  const { path, secret, body: schema, handler } = options;
  // A scope of its own, so that all other routes keep their JSON parser.
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, raw, done) => done(null, raw));
    scope.post(path, { config: { scope: false } }, async (request, reply) => {
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const webhookId = verifyCallback(secret, raw, request.headers);
      const body = check(schema, parse(raw), 'body');
      return answerWith(reply, async () => {
        await handler({ body, webhook_id: webhookId });
      });
    });
  });
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch (error) {
    const message = `expected JSON, got ${raw.length} bytes that are not: ${(error as Error).message}`;
    throw new BadInputError('body', [
      { path: '', expected: 'JSON', received: `${raw.length} bytes`, message },
    ]);
  }
}
