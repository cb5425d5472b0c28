import { once } from 'node:events';
import { Agent, type IncomingMessage, type ServerResponse, createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Failpoints, Fate } from './failpoints.ts';
import type { Road } from './postgres-road.ts';

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** The way of one process to the API of another: a request is an effect of the first, an answer one of the second. */
export async function openHttpRoad(
  failpoints: Failpoints,
  { from, at, to }: { from: string; at: string; to: string },
): Promise<Road> {
  const target = new URL(to);
  const agent = new Agent({ keepAlive: true });

  async function pass(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const outgoing = ask({
      agent,
      hostname: target.hostname,
      port: target.port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
  }

  /** True when what follows is to be delivered. */
  async function goesOn(asked: Promise<Fate>, { socket }: IncomingMessage): Promise<boolean> {
    const fate = await asked;
    if (fate === 'reset') socket.resetAndDestroy();
    return fate === 'go_on';
  }

  async function carry(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const name = nameOf(incoming);
    const request = failpoints.meet({ by: from, name, changes: true });
    if (!(await goesOn(request.before(), incoming))) return;
    const { status, headers, body: answer } = await pass(incoming, body);
    if (!(await goesOn(request.after(), incoming))) return;
    const answered = failpoints.meet({ by: at, name: `answer to ${name}`, changes: true });
    if (!(await goesOn(answered.before(), incoming))) return;
    const { connection: _, 'transfer-encoding': __, ...kept } = headers;
    response.writeHead(status, kept);
    response.end(answer);
    await once(response, 'finish');
    await answered.after();
  }

  const server = createServer((incoming, response) => {
    // Whoever was asked is gone, or whoever asked.
    carry(incoming, response).catch(() => incoming.socket.resetAndDestroy());
  });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname === '/' ? '' : target.pathname}`,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Without what differs from one order to the next. */
function nameOf({ method, url = '/' }: IncomingMessage): string {
  const { pathname } = new URL(url, 'http://road');
  const path = pathname
    .split('/')
    .map((part) => (/\d/.test(part) && !/^v\d$/.test(part) ? ':id' : part))
    .join('/');
  return `${method} ${path}`;
}
