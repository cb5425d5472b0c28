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
 * - `stale`: it is forwarded, and gets the first answer that the same request got, if it is among the newest remembered.
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
  /**
   * How often each fault took effect, not how often it was chosen: the target applied the request (`applied_*`), and
   * more than once (`repeated`), a later request overtook it (`late`), the target's own answer was another one (`stale`).
   */
  readonly happened: Readonly<Partial<Record<HttpFault['kind'], number>>>;
  /** Called for each request; null forwards it. */
  setFault(choose: ((path: string) => HttpFault | null) | null): void;
}

const MAX_REMEMBERED = 10_000;

/** An HTTP proxy with faults on demand. */
export async function startFaultyHttpProxy(targetUrl: string): Promise<FaultyHttpProxy> {
  const firstAnswers = new Map<string, HttpAnswer & { body: Buffer }>();
  const stopping = new AbortController();
  const happened: Partial<Record<HttpFault['kind'], number>> = {};
  let choose: ((path: string) => HttpFault | null) | null = null;
  /** Requests are numbered as they arrive. */
  let arrived = 0;
  let newestForwarded = 0;

  const note = (kind: HttpFault['kind']): void => {
    happened[kind] = (happened[kind] ?? 0) + 1;
  };

  async function pass(request: HttpRequest, forward: Forward): Promise<HttpAnswer & { body: Buffer }> {
    const answer = await forward();
    const key = keyOf(request);
    if (!firstAnswers.has(key) && answer.status === 200) {
      firstAnswers.set(key, answer);
      const [oldest] = firstAnswers.keys();
      if (firstAnswers.size > MAX_REMEMBERED && oldest !== undefined) firstAnswers.delete(oldest);
    }
    return answer;
  }

  async function passAndNote(
    request: HttpRequest,
    forward: Forward,
    kind: 'applied_then_reset' | 'applied_then_status',
  ): Promise<void> {
    const { status } = await pass(request, forward);
    if (isSuccess(status)) note(kind);
  }

  async function hook(request: HttpRequest, forward: Forward): Promise<HttpAnswer | 'reset' | 'hang'> {
    const number = ++arrived;
    const fault = choose?.(request.path) ?? null;
    switch (fault?.kind) {
      case 'status': {
        const { kind, status, retry_after } = fault;
        note(kind);
        const answer = jsonAnswer(status, { error: { code: 'INTERNAL', message: 'an answer of the proxy' } });
        if (retry_after === undefined) return answer;
        return { ...answer, headers: { ...answer.headers, 'retry-after': retry_after } };
      }
      case 'html': {
        note(fault.kind);
        const body = '<html><body>Under maintenance</body></html>';
        return { status: 200, headers: { 'content-type': 'text/html' }, body };
      }
      case 'hang':
      case 'reset':
        note(fault.kind);
        return fault.kind;
      case 'applied_then_reset':
        await passAndNote(request, forward, fault.kind);
        return 'reset';
      case 'applied_then_status':
        await passAndNote(request, forward, fault.kind);
        return jsonAnswer(fault.status, {});
      case 'swallowed':
        note(fault.kind);
        return jsonAnswer(200, {});
      case 'repeated': {
        const { kind, times } = fault;
        let answer = await pass(request, forward);
        let applied = isSuccess(answer.status) ? 1 : 0;
        for (let copy = 1; copy < times; copy += 1) {
          answer = await pass(request, forward);
          if (isSuccess(answer.status) && (applied += 1) === 2) note(kind);
        }
        return answer;
      }
      case 'late':
        await sleep(fault.by_ms, undefined, { signal: stopping.signal });
        if (newestForwarded > number) note(fault.kind);
        break;
      case 'stale': {
        const first = firstAnswers.get(keyOf(request));
        const now = await pass(request, forward);
        if (first === undefined) return now;
        if (!now.body.equals(first.body)) note(fault.kind);
        return first;
      }
    }
    newestForwarded = Math.max(newestForwarded, number);
    return pass(request, forward);
  }

  const proxy = await startHttpProxy(targetUrl, hook);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await proxy.stop();
  };
  return {
    ...proxy,
    happened,
    setFault(next) {
      choose = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function keyOf({ method, path, body }: HttpRequest): string {
  return `${method} ${path} ${body.toString()}`;
}
