import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

// oxlint-disable-next-line typescript/no-explicit-any -- what goes through is changed as the fault wants it
export type Body = any;

export interface Exchange {
  path: string;
  body: Body;
  /** Sends it on, with another body if one is given; or asks something else of the implementation. */
  forward(body?: Body, path?: string): Promise<{ status: number; body: Body }>;
}

/** Changes what an implementation does, as an implementation that is broken in this way would do it. */
export type Fault = (exchange: Exchange) => Promise<{ status: number; body: Body }>;

/** Stands in front of an implementation that holds every guarantee, and breaks one. */
export async function startFaultyProxy(target: { url: string; token: string; open: boolean }, fault: Fault) {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const raw = await text(incoming);
      const path = incoming.url ?? '';
      const own = incoming.headers.authorization;
      const authorization = target.open && own === undefined ? `Bearer ${target.token}` : own;
      const send = async (sent: string, to = path) => {
        const response = await fetch(`${target.url}${to}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(authorization !== undefined && { authorization }),
          },
          body: sent,
        });
        return { status: response.status, body: (await response.json()) as Body };
      };
      let body: Body;
      try {
        body = JSON.parse(raw);
      } catch {
        body = undefined;
      }
      const exchange: Exchange = {
        path,
        body,
        forward: (changed, to) => send(changed === undefined ? raw : JSON.stringify(changed), to),
      };
      const answer = body === undefined ? await send(raw) : await fault(exchange);
      outgoing
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    })().catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
