import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Forward,
  type HttpAnswer,
  type HttpProxy,
  type HttpRequest,
  jsonAnswer,
  startHttpProxy,
} from './http-proxy.ts';

/**
 * What happens to one request:
 * - `status`: the proxy answers with it; with `retry_after`, the header says so;
 * - `html`: the proxy answers with a page for people and status 200;
 * - `hang`: there is no answer;
 * - `reset`: it is not forwarded, and the connection is reset;
 * - `applied_then_reset`: it is forwarded, and its answer is lost;
 * - `applied_then_status`: it is forwarded, and the proxy answers with this status;
 * - `repeated`: it is forwarded this many times, one after another;
 * - `late`: it is forwarded after a delay; others may overtake it;
 * - `swallowed`: the proxy answers as if it had been accepted, and does not forward it;
 * - `stale`: it gets the first answer that the same request got, if there was one.
 */
export type HttpFault =
  | { kind: 'status'; status: number; retry_after?: string }
  | { kind: 'html' }
  | { kind: 'hang' }
  | { kind: 'reset' }
  | { kind: 'applied_then_reset' }
  | { kind: 'applied_then_status'; status: number }
  | { kind: 'repeated'; times: number }
  | { kind: 'late'; by_ms: number }
  | { kind: 'swallowed' }
  | { kind: 'stale' };

export interface FaultyHttpProxy extends HttpProxy {
  /** Called for each request; null forwards it. */
  setFault(choose: ((path: string) => HttpFault | null) | null): void;
}

const MAX_REMEMBERED = 10_000;

/** An HTTP proxy with faults on demand. */
export async function startFaultyHttpProxy(targetUrl: string): Promise<FaultyHttpProxy> {
  const firstAnswers = new Map<string, HttpAnswer>();
  const stopping = new AbortController();
  let choose: ((path: string) => HttpFault | null) | null = null;

  async function pass(request: HttpRequest, forward: Forward): Promise<HttpAnswer> {
    const answer = await forward();
    const key = keyOf(request);
    if (!firstAnswers.has(key) && answer.status === 200 && firstAnswers.size < MAX_REMEMBERED) {
      firstAnswers.set(key, answer);
    }
    return answer;
  }

  async function hook(request: HttpRequest, forward: Forward): Promise<HttpAnswer | 'reset' | 'hang'> {
    const fault = choose?.(request.path) ?? null;
    switch (fault?.kind) {
      case 'status': {
        const { status, retry_after } = fault;
        const answer = jsonAnswer(status, { error: { code: 'INTERNAL', message: 'an answer of the proxy' } });
        if (retry_after === undefined) return answer;
        return { ...answer, headers: { ...answer.headers, 'retry-after': retry_after } };
      }
      case 'html': {
        const body = '<html><body>Under maintenance</body></html>';
        return { status: 200, headers: { 'content-type': 'text/html' }, body };
      }
      case 'hang':
      case 'reset':
        return fault.kind;
      case 'applied_then_reset':
        await pass(request, forward);
        return 'reset';
      case 'applied_then_status':
        await pass(request, forward);
        return jsonAnswer(fault.status, {});
      case 'swallowed':
        return jsonAnswer(200, {});
      case 'repeated':
        for (let copy = 1; copy < fault.times; copy += 1) await pass(request, forward);
        break;
      case 'late':
        await sleep(fault.by_ms, undefined, { signal: stopping.signal });
        break;
      case 'stale': {
        const first = firstAnswers.get(keyOf(request));
        if (first !== undefined) return first;
        break;
      }
    }
    return pass(request, forward);
  }

  const proxy = await startHttpProxy(targetUrl, hook);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await proxy.stop();
  };
  return {
    ...proxy,
    setFault(next) {
      choose = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function keyOf({ method, path, body }: HttpRequest): string {
  return `${method} ${path} ${body.toString()}`;
}
