import { isUtf8 } from 'node:buffer';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { ServiceError } from '../http/service-error.ts';

interface SignedCallback {
  /** Of the callback, not of the attempt: a repeat has the same. */
  id: string;
  body: string;
  now: Date;
}

/** Headers of a signed callback (Standard Webhooks). `secret` is as `setting.signingSecret` reads it. */
export function signCallback(secret: string, { id, body, now }: SignedCallback): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': webhooksOf(secret)
      .map((webhook) => webhook.sign(id, now, body))
      .join(' '),
  };
}

/**
 * Checks that the body came from a holder of the secret within the last five minutes, and returns the callback's
 * id. Throws `ServiceError` `BAD_SIGNATURE` (401).
 */
export function verifyCallback(
  secret: string,
  body: Buffer,
  headers: Record<string, string | string[] | undefined>,
): string {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signature = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') {
    throw badSignature('the headers webhook-id, webhook-timestamp and webhook-signature are needed');
  }
  // The signature is over text: bytes that are none would be checked as something other than what came.
  if (!isUtf8(body)) throw badSignature('the body is not UTF-8');
  if (!/^\d{1,12}$/.test(timestamp)) throw badSignature('webhook-timestamp is not in seconds since 1970');
  const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  let reason = '';
  for (const webhook of webhooksOf(secret)) {
    try {
      webhook.verify(body, signed, { jsonParse: false });
      return id;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      reason = REASONS[error.message] ?? error.message;
    }
  }
  throw badSignature(reason);
}

const REASONS: Record<string, string> = {
  'No matching signature found':
    'the signature does not fit the body; both sides need the same secret, and the body must arrive unchanged',
  'Message timestamp too old': 'it was signed more than 5 minutes ago; compare the clocks of both sides',
  'Message timestamp too new': 'it was signed more than 5 minutes ahead; compare the clocks of both sides',
};

function badSignature(reason: string): ServiceError {
  return new ServiceError(`The callback is refused: ${reason}`, {
    code: 'BAD_SIGNATURE',
    http_status: 401,
    retryable: false,
  });
}

const webhooksOfSecret = new Map<string, Webhook[]>();

/** An app has a handful of secrets, all from its settings. */
function webhooksOf(secret: string): Webhook[] {
  let webhooks = webhooksOfSecret.get(secret);
  if (webhooks === undefined) {
    webhooks = secret.split(' ').map((one) => new Webhook(one));
    webhooksOfSecret.set(secret, webhooks);
  }
  return webhooks;
}
