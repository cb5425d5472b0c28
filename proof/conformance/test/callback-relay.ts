import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { signCallback } from '@cashback/service';

interface Listener {
  port: number;
  invoice_secret: string;
}

/** Stands between an implementation and who receives its callbacks, as an implementation that sends them badly. */
export async function startCallbackRelay(
  mode: 'swallow failures' | 'other ids' | 'lose operations' | 'lose invoices',
) {
  let listener: Listener | undefined;
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await text(incoming);
      const path = incoming.url ?? '';
      const isOperation = path.endsWith('/operation');
      const { port, invoice_secret } = listener ?? { port: 9, invoice_secret: '' };
      if (mode === (isOperation ? 'lose operations' : 'lose invoices')) return outgoing.writeHead(204).end();
      const own = Object.fromEntries(
        ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [
          name,
          String(incoming.headers[name]),
        ]),
      );
      const headers =
        mode === 'other ids' && !isOperation
          ? signCallback(invoice_secret, { id: randomUUID(), body, now: new Date() })
          : own;
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
      return outgoing.writeHead(mode === 'swallow failures' ? 204 : status).end();
    })().catch(() => outgoing.writeHead(502).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forwardTo(next: Listener): void {
      listener = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
