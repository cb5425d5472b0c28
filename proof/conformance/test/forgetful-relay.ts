import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * Stands between an implementation and its payment system, as an implementation that repeats a request under a new id,
 * and goes on with the id that was answered.
 */
export async function startForgetfulRelay(trustUrl: string) {
  const sent = new Set<string>();
  const answered = new Map<string, string>();

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const { method = '', url = '', headers } = incoming;
      let path = url;
      let body = await text(incoming);
      const own = method === 'POST' ? idOf(url, body) : undefined;
      const id = own !== undefined && sent.has(own) ? randomUUID() : own;
      if (own !== undefined) sent.add(own);
      for (const [from, to] of answered) {
        path = path.replace(from, to);
        if (from !== own) body = body.replaceAll(from, to);
      }
      if (own !== undefined && id !== undefined) body = body.replaceAll(own, id);
      const response = await fetch(`${trustUrl}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: String(headers.authorization) },
        ...(method === 'POST' && { body }),
      });
      let answer = await response.text();
      if (own !== undefined && id !== undefined && response.ok) answered.set(own, id);
      for (const [from, to] of answered) answer = answer.replaceAll(to, from);
      outgoing.writeHead(response.status, { 'content-type': 'application/json' }).end(answer);
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

function idOf(path: string, body: string): string | undefined {
  const { basket_id, refund_id } = JSON.parse(body) as { basket_id: string; refund_id?: string };
  return path === '/refunds' ? refund_id : basket_id;
}
