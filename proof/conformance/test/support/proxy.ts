import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ProxiedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface ProxiedAnswer {
  status: number;
  body: string;
}

/** Answers a request in the place of the target; `forward` sends it on, changed or not. */
export type Handler = (
  request: ProxiedRequest,
  forward: (change?: Partial<ProxiedRequest>) => Promise<ProxiedAnswer>,
) => Promise<ProxiedAnswer>;

export interface Proxy {
  url: string;
  port: number;
  /** Sends requests on to this URL from now on. */
  forwardTo(target: string): void;
  /** Passes each request to the handler from now on; null forwards unchanged. */
  handle(handler: Handler | null): void;
  stop(): Promise<void>;
}

const PASSED_HEADERS = /^(authorization|content-type|webhook-.+)$/;

/** An HTTP proxy with a hook. A request that fails on its way has its connection cut. */
export async function startProxy(): Promise<Proxy> {
  let target = '';
  let handler: Handler | null = null;

  async function send({ method, path, headers, body }: ProxiedRequest): Promise<ProxiedAnswer> {
    const response = await fetch(`${target}${path}`, {
      method,
      headers,
      ...(method !== 'GET' && { body }),
    });
    return { status: response.status, body: await response.text() };
  }

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const headers = Object.entries(incoming.headers).filter(([name]) => PASSED_HEADERS.test(name));
      const request: ProxiedRequest = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        body: await text(incoming),
      };
      const forward = (change: Partial<ProxiedRequest> = {}) => send({ ...request, ...change });
      const { status, body } = await (handler === null ? forward() : handler(request, forward));
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body);
    })().catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    forwardTo(url) {
      target = url;
    },
    handle(next) {
      handler = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
