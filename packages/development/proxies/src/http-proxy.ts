import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  createServer,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
  /** Called once the caller has the answer. */
  delivered?(): unknown;
}

/** Sends the request to the target, with changes if any are given. */
export type Forward = (changes?: {
  method?: string;
  path?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}) => Promise<HttpAnswer & { body: Buffer }>;

/**
 * Decides what happens to one request: its answer, `reset` (the connection is reset) or `hang` (there is no answer).
 * A hook that throws resets the connection.
 */
export type HttpHook = (request: HttpRequest, forward: Forward) => Promise<HttpAnswer | 'reset' | 'hang'>;

export interface HttpProxy extends AsyncDisposable {
  /** The target's URL, by way of the proxy. It stays the same whatever the target is. */
  readonly url: string;
  readonly port: number;
  /** Where requests go from now on; with null `forward` fails. */
  setTarget(url: string | null): void;
  stop(): Promise<void>;
}

/**
 * Stands between a caller and an HTTP service:
 *
 *     caller --> hook(request, forward) --> target
 *     caller <-- the answer the hook returns
 *
 * Without a hook every request is forwarded. With a target of null the hook alone answers.
 */
export async function startHttpProxy(
  targetUrl: string | null,
  hook: HttpHook = (_, forward) => forward(),
): Promise<HttpProxy> {
  let target = targetUrl;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: HttpRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body: await buffer(incoming),
    };
    const answered = await hook(request, (changes) => send(target, { ...request, ...changes }));
    if (answered === 'hang') return;
    if (answered === 'reset') return void incoming.socket.resetAndDestroy();
    response.writeHead(answered.status, endToEnd(answered.headers));
    response.end(answered.body);
    await once(response, 'finish');
    await answered.delivered?.();
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.resetAndDestroy());
  });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const path = targetUrl === null ? '' : new URL(targetUrl).pathname.replace(/\/$/, '');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    url: `http://127.0.0.1:${port}${path}`,
    port,
    setTarget(next) {
      target = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** An answer with a JSON body. */
export function jsonAnswer(status: number, body: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function send(
  target: string | null,
  request: { method: string; path: string; headers: OutgoingHttpHeaders; body: string | Buffer },
): Promise<HttpAnswer & { body: Buffer }> {
  if (target === null) throw new Error('the proxy has no target');
  const { hostname, port } = new URL(target);
  const outgoing = sendRequest({
    hostname,
    port,
    method: request.method,
    path: request.path,
    headers: { ...endToEnd(request.headers), connection: 'close' },
  });
  outgoing.end(request.body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}

/** Without the headers that belong to one connection, and the length, as a hook may change the body. */
function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const {
    connection: _connection,
    'content-length': _length,
    host: _host,
    'keep-alive': _keepAlive,
    'transfer-encoding': _encoding,
    ...kept
  } = headers;
  return kept;
}
