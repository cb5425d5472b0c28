import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * What becomes of one request:
 * - `status`: it is answered in the target's place; with `retry_after`, the header says so;
 * - `html`: as a page for people, with status 200;
 * - `hang`: never;
 * - `reset`: it is not passed on, and the connection is reset;
 * - `applied_then_reset`: it is passed on, and its answer is lost;
 * - `applied_then_status`: it is passed on, and answered with this status in the target's place;
 * - `repeated`: it is passed on so many times, one after another;
 * - `late`: it is passed on after a while; others may overtake it;
 * - `swallowed`: it is answered as if it had been taken, and is not passed on;
 * - `stale`: with the answer that the same request got before, if it did.
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

export interface HttpProxy {
  readonly url: string;
  /** Asked for each request. */
  setFault(choose: ((path: string) => HttpFault | null) | null): void;
  stop(): Promise<void>;
}

interface Message {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const MOST_REMEMBERED = 10_000;

/** A way to an HTTP service on which requests and answers can be made to fail. */
export async function startHttpProxy(targetUrl: string): Promise<HttpProxy> {
  const target = new URL(targetUrl);
  const remembered = new Map<string, Message>();
  const timers = new Set<NodeJS.Timeout>();
  let choose: ((path: string) => HttpFault | null) | null = null;

  async function pass(incoming: IncomingMessage, body: Buffer): Promise<Message> {
    const outgoing = ask({
      hostname: target.hostname,
      port: target.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, connection: 'close' },
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const message = { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
    const key = keyOf(incoming, body);
    if (!remembered.has(key) && message.status === 200 && remembered.size < MOST_REMEMBERED) {
      remembered.set(key, message);
    }
    return message;
  }

  async function answer(incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const fault = choose?.(incoming.url ?? '/') ?? null;
    switch (fault?.kind) {
      case 'status': {
        const { status, retry_after } = fault;
        const error = { error: { code: 'INTERNAL', message: 'made up on the way' } };
        response.writeHead(status, {
          'content-type': 'application/json',
          ...(retry_after !== undefined && { 'retry-after': retry_after }),
        });
        return void response.end(JSON.stringify(error));
      }
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' });
        return void response.end('<html><body>Under maintenance</body></html>');
      case 'hang':
        return;
      case 'reset':
        return void incoming.socket.resetAndDestroy();
      case 'applied_then_reset':
        await pass(incoming, body);
        return void incoming.socket.resetAndDestroy();
      case 'applied_then_status':
        await pass(incoming, body);
        response.writeHead(fault.status, { 'content-type': 'application/json' });
        return void response.end('{}');
      case 'swallowed':
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end('{}');
      case 'repeated':
        for (let copy = 1; copy < fault.times; copy += 1) await pass(incoming, body);
        break;
      case 'late':
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => {
            timers.delete(timer);
            resolve();
          }, fault.by_ms);
          timers.add(timer);
        });
        break;
      case 'stale': {
        const before = remembered.get(keyOf(incoming, body));
        if (before !== undefined) return write(response, before);
        break;
      }
    }
    write(response, await pass(incoming, body));
  }

  const server = createServer((incoming, response) => {
    buffer(incoming)
      .then((body) => answer(incoming, body, response))
      .catch(() => incoming.socket.resetAndDestroy());
  });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname === '/' ? '' : target.pathname}`,
    setFault(next) {
      choose = next;
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function keyOf({ method, url }: IncomingMessage, body: Buffer): string {
  return `${method} ${url} ${body.toString()}`;
}

function write(response: ServerResponse, { status, headers, body }: Message): void {
  const { connection: _, 'transfer-encoding': __, ...kept } = headers;
  response.writeHead(status, kept);
  response.end(body);
}
