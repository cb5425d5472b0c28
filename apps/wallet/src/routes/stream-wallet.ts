import { z } from 'zod';
import { CashbackError, idField } from '@cashback/contract';
import type { Database } from '@cashback/postgres';
import { type HttpServer, type Log, route } from '@cashback/service';
import { loadBalances } from '../db/load-balances.ts';
import type { Position } from '../decide-adoption.ts';
import { parseEventId } from '../push/event-id.ts';
import type { Listeners } from '../push/listeners.ts';

interface Context {
  database: Database;
  listeners: Listeners;
  /** Puts the balance of a wallet that the cache lacks into it, if the payment system knows one. */
  findWallet: (walletId: string) => Promise<void>;
  log: Log;
}

/**
 * `GET /wallets/:id/stream`: server-sent events `balance`, each with its sequence as id (`epoch:sequence` after the first epoch). Begins with the current
 * balance, unless `Last-Event-ID` says that the client has it; a wallet without one yet is waited for.
 */
export function addStreamWallet(server: HttpServer, { database, listeners, findWallet, log }: Context): void {
  route(server, {
    method: 'GET',
    path: '/wallets/:id/stream',
    scope: 'wallets',
    params: z.object({ id: idField }),
    handler: async ({ params: { id }, request, reply }) => {
      const { raw: response } = reply;
      const after = parseLastEventId(request.headers['last-event-id']);
      await listeners.open({ wallet_id: id, request: request.raw, response, after });
      reply.hijack();
      try {
        // After the stream is open: what changes meanwhile is sent to it, and what is older is not sent again.
        const balances = await loadBalances(database.pool, [id]);
        for (const balance of balances) listeners.publish(balance);
        // The push of its adoption brings it.
        if (balances.length === 0) await findWallet(id);
      } catch (error) {
        log.warn({ err: error, wallet_id: id }, 'a stream is cut off, its wallet could not be read');
        response.destroy();
      }
    },
  });
}

function parseLastEventId(header: string | string[] | undefined): Position {
  if (header === undefined || header === '') return { epoch: 1, sequence: 0 };
  const position = parseEventId(String(header));
  if (position !== null) return position;
  const message = `Last-Event-ID: expected the id of an event of this stream, got ${JSON.stringify(header)}; leave it out to begin with the current balance`;
  throw new CashbackError('BAD_REQUEST', message);
}
