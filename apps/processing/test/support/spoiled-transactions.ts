import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands in front of transactions and spoils what it answers about some invoices. */
export interface SpoiledTransactions {
  url: string;
  /** What becomes of the answer to a question about an invoice. */
  spoil: Map<string, (answer: Record<string, unknown>) => unknown>;
  stop(): Promise<void>;
}

export async function startSpoiledTransactions(target: string): Promise<SpoiledTransactions> {
  const spoil: SpoiledTransactions['spoil'] = new Map();
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await text(incoming);
      const response = await fetch(`${target}${incoming.url}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: incoming.headers.authorization ?? '',
        },
        body,
      });
      const answer = (await response.json()) as Record<string, unknown>;
      const { invoice_id = '' } = JSON.parse(body) as { invoice_id?: string };
      const changed = response.ok ? (spoil.get(invoice_id)?.(answer) ?? answer) : answer;
      outgoing
        .writeHead(response.status, { 'content-type': 'application/json' })
        .end(typeof changed === 'string' ? changed : JSON.stringify(changed));
    })().catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
