import { Agent } from 'undici';
import { signCallback } from './callback-signature.ts';
import { MAX_ANSWER_BYTES, exchange } from '../http/http-exchange.ts';

export interface Callback {
  /** The same at every attempt, so that the receiver knows a repeat. */
  id: string;
  url: string;
  payload: unknown;
}

export interface CallbackSender {
  /** Resolves on a 2xx answer; rejects with `HttpCallError`. */
  send(callback: Callback): Promise<void>;
  /** Waits for the callbacks that are being sent. */
  close(): Promise<void>;
}

export interface CallbackSenderOptions {
  /** As `setting.signingSecret` reads it, or a function where every receiver has its own. */
  secret: string | ((url: string) => string);
  timeout_ms: number;
  /** Per receiver. */
  connections?: number;
}

/** Sends signed callbacks over connections that are kept. */
export function createCallbackSender(options: CallbackSenderOptions): CallbackSender {
  const { secret, timeout_ms, connections = 16 } = options;
  const agent = new Agent({
    connections,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: { timeout: timeout_ms },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closed: Promise<void> | undefined;
  return {
    async send({ id, url, payload }) {
      const { origin, pathname, search } = new URL(url);
      const body = JSON.stringify(payload);
      const signature = signCallback(typeof secret === 'string' ? secret : secret(url), {
        id,
        body,
        now: new Date(),
      });
      await exchange({
        dispatcher: agent,
        upstream: 'callback',
        method: 'POST',
        origin,
        path: `${pathname}${search}`,
        headers: { 'content-type': 'application/json', ...signature },
        body,
        timeout_ms,
      });
    },
    close: () => (closed ??= agent.close()),
  };
}
