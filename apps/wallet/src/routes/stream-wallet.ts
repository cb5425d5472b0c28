import { z } from 'zod';
import { CashbackError, idField } from '@cashback/contract';
import type { Database } from '@cashback/postgres';
import { type HttpServer, type Log, parseWholeNumber, route } from '@cashback/service';
import { loadBalances } from '../db/load-balances.ts';
import type { Listeners } from '../push/listeners.ts';

interface Context {
  database: Database;
  listeners: Listeners;
  log: Log;
}

/**
 * `GET /wallets/:id/stream`: server-sent events `balance`, each with its sequence as id. Begins with the current
 * balance, unless `Last-Event-ID` says that the client has it; a wallet without one yet is waited for.
 */
export function addStreamWallet(server: HttpServer, { database, listeners, log }: Context): void {
  route(server, {
    method: 'GET',
    path: '/wallets/:id/stream',
    scope: 'wallets',
    params: z.object({ id: idField }),
    handler: async ({ params: { id }, request, reply }) => {
      const { raw: response } = reply;
      const after_sequence = parseLastEventId(request.headers['last-event-id']);
      await listeners.open({ wallet_id: id, request: request.raw, response, after_sequence });
      reply.hijack();
      try {
        // After the stream is open: what changes meanwhile is sent to it, and what is older is not sent again.
        for (const balance of await loadBalances(database.drizzle, [id])) listeners.publish(balance);
      } catch (error) {
        log.warn({ err: error, wallet_id: id }, 'a stream is cut off, its wallet could not be read');
        response.destroy();
      }
    },
  });
}

function parseLastEventId(header: string | string[] | undefined): number {
  if (header === undefined || header === '') return 0;
  const sequence = parseWholeNumber(String(header), 0, Number.MAX_SAFE_INTEGER);
  if (sequence !== null) return sequence;
  const message = `Last-Event-ID: expected the id of an event of this stream, got ${JSON.stringify(header)}; leave it out to begin with the current balance`;
  throw new CashbackError('BAD_REQUEST', message);
}
