import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Carried {
  headers: IncomingHttpHeaders;
  body: string;
}

/** The network between the sender of callbacks and their receiver: what it carries may be lost, doubled or late. */
export interface CallbackRoad {
  url: string;
  /** Where callbacks go; null loses them, though their sender believes that they arrived. */
  destination: string | null;
  /** Everything that was carried or lost, oldest first. */
  carried: Carried[];
  /** Delivers a callback (again). Resolves with the status it was answered with. */
  deliver(callback: Carried): Promise<number>;
  stop(): Promise<void>;
}

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

export async function startCallbackRoad(): Promise<CallbackRoad> {
  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const callback = { headers: request.headers, body: await text(request) };
    road.carried.push(callback);
    const status = road.destination === null ? 204 : await road.deliver(callback).catch(() => 502);
    response.writeHead(status).end();
  }
  const server = createServer((request, response) => {
    carry(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const road: CallbackRoad = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    destination: null,
    carried: [],
    async deliver({ headers, body }) {
      if (road.destination === null) throw new Error('the road leads nowhere');
      const signature = HEADERS.map((name) => [name, String(headers[name])]);
      const { status } = await fetch(road.destination, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...Object.fromEntries(signature) },
        body,
      });
      return status;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return road;
}
