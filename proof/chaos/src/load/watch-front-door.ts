import { isDeepStrictEqual } from 'node:util';
import type { FrontDoor } from '@cashback/scenario';
import { type Invoice, invoice } from '@cashback/wire';
import { type Violation, type RunTables, selectOfRun } from '@cashback/invariants';
import * as z from 'zod';
import type { Interventions, Side } from '../interventions.ts';
import { type Content, forEachAtOnce, isRefused, restateInvoice } from './restate.ts';

/** What was acknowledged to the shop. It keeps its own books: a restore of another side takes nothing of them. */
export interface Acknowledged {
  /** The newest answer about each invoice. */
  invoices: ReadonlyMap<string, AcknowledgedInvoice>;
  spends: ReadonlyMap<string, Spend>;
}

interface AcknowledgedInvoice extends Content {
  epoch: number;
  version: number;
  at: Date;
}

/** The customer's call, and when it was answered. */
interface Spend {
  path: string;
  body: unknown;
  at: Date;
}

export interface WatchedDoor {
  door: FrontDoor;
  acknowledged: Acknowledged;
  /** After a restore: states again what the side acknowledged at that time or later. */
  restate(side: Side, since: Date): Promise<void>;
}

/** A front door that remembers what was acknowledged. */
export function watchFrontDoor(door: FrontDoor, { restores }: Interventions): WatchedDoor {
  const invoices = new Map<string, AcknowledgedInvoice>();
  const creations = new Map<string, object>();
  const rates = new Map<string, { input: Parameters<typeof door.server.rates.put>[0]; at: Date }>();
  const spends = new Map<string, Spend>();
  const isRestored = (): boolean => restores.some(({ side }) => side === 'transactions');

  function remember({ invoice_id, invoice_epoch = 1, version, status, payments }: Invoice): void {
    const known = invoices.get(invoice_id);
    const isOlder =
      known !== undefined &&
      (known.epoch > invoice_epoch || (known.epoch === invoice_epoch && known.version > version));
    if (isOlder) return;
    invoices.set(invoice_id, { epoch: invoice_epoch, version, status, payments, at: new Date() });
  }

  const restateContent = (invoice_id: string, content: () => Content): Promise<Invoice> =>
    restateInvoice(door.transactions.post, invoice_id, {
      created: creations.get(invoice_id) ?? {},
      content,
    });

  const post: FrontDoor['transactions']['post'] = async (path, body, schema, options) => {
    const { invoice_id, ...stated } = { ...(body as { invoice_id?: string } & Content) };
    if (path === '/v2/invoice/create' && invoice_id !== undefined) creations.set(invoice_id, body as object);
    const answer = await door.transactions.post(path, body, schema, options).catch(async (error: unknown) => {
      // The version that the shop has seen is forgotten.
      const isForgotten = isRestored() && path === '/v2/invoice/update' && isRefused(error);
      if (!isForgotten || invoice_id === undefined) throw error;
      return schema.parse(await restateContent(invoice_id, () => stated));
    });
    const seen = invoice.safeParse(answer);
    if (seen.success && path !== '/v2/invoice/retrieve') remember(seen.data);
    return answer;
  };
  const spend: FrontDoor['trust']['post'] = async (path, body, schema, options) => {
    const answer = await door.trust.post(path, body, schema, options);
    const { spend_id } = { ...(body as { spend_id?: string }) };
    if (spend_id !== undefined) spends.set(spend_id, { path, body, at: new Date() });
    return answer;
  };
  const put: FrontDoor['server']['rates']['put'] = async (input) => {
    const answer = await door.server.rates.put(input);
    rates.set(input.order_id, { input, at: new Date() });
    return answer;
  };

  async function restateInvoices(since: Date): Promise<void> {
    const forgotten = [...invoices].filter(([, { at }]) => at >= since);
    await forEachAtOnce(forgotten, async ([invoice_id, known]) => {
      const content = (): Content => invoices.get(invoice_id) ?? known;
      remember(await door.retryUntilAnswered(() => restateContent(invoice_id, content)));
    });
  }

  async function restateRates(since: Date): Promise<void> {
    const forgotten = [...rates.values()].filter(({ at }) => at >= since);
    await forEachAtOnce(forgotten, ({ input }) =>
      door.retryUntilAnswered(() => door.server.rates.put(input)),
    );
  }

  /** One that Trust refuses now is one of those that its restore lost for good. */
  async function restateSpends(since: Date): Promise<void> {
    const forgotten = [...spends].filter(([, { at }]) => at >= since);
    await forEachAtOnce(forgotten, async ([spend_id, { path, body }]) => {
      try {
        await door.retryUntilAnswered(() => door.trust.post(path, body, z.object({})));
      } catch (error) {
        if (!isRefused(error)) throw error;
        spends.delete(spend_id);
      }
    });
  }

  const restating: Readonly<Record<Side, (since: Date) => Promise<void>>> = {
    server: restateRates,
    transactions: restateInvoices,
    trust: restateSpends,
  };
  return {
    acknowledged: { invoices, spends },
    restate: (side, since) => restating[side](since),
    door: {
      ...door,
      server: { ...door.server, rates: { ...door.server.rates, put } },
      transactions: { ...door.transactions, post },
      trust: { ...door.trust, post: spend },
      // A receiver with a shifted clock refuses a callback for its age: it is lost, as others are.
      sendInvoiceChanged: (id, payload) =>
        door.sendInvoiceChanged(id, payload).catch((error: unknown) => {
          if (!isRefused(error)) throw error;
        }),
    },
  };
}

/** Invariants 2 and 12, by the answers that the shop got: every acknowledged state of an invoice and spend is stored. */
export async function checkAcknowledged(
  tables: RunTables,
  { invoices, spends }: Acknowledged,
): Promise<Violation[]> {
  const rows = await selectOfRun<{ invoice_id: string; epoch: number } & Content & { version: number }>(
    tables,
    `SELECT invoice_id, version, status, payments, (SELECT max(epoch) FROM transactions.feed_epochs) AS epoch
       FROM transactions.invoices WHERE invoice_id LIKE $1`,
  );
  const stored = new Map(rows.map((row) => [row.invoice_id, row]));
  const ofRun = (id: string): boolean => id.startsWith(`${tables.run}-`);
  const isStored = ([order_id, known]: [string, AcknowledgedInvoice]): boolean => {
    const row = stored.get(order_id);
    if (row === undefined) return false;
    // A newer version of the same epoch, or the content: versions of an older epoch are given out again.
    if (row.epoch === known.epoch && row.version > known.version) return true;
    return row.status === known.status && isDeepStrictEqual(row.payments, known.payments);
  };
  const lost = [...invoices].filter((entry) => ofRun(entry[0]) && !isStored(entry));
  const moved = await selectOfRun<{ cause: string }>(
    tables,
    `SELECT cause FROM trust.wallet_movements WHERE wallet_id LIKE $1 AND kind = 'spend'`,
  );
  const causes = new Set(moved.map(({ cause }) => cause));
  return [
    ...lost.map(([order_id, { version, status }]): Violation => {
      const row = stored.get(order_id);
      const found = row === undefined ? 'none' : `version ${row.version} (${row.status})`;
      const detail = `invoice version ${version} (${status}) was acknowledged, stored is ${found}`;
      return { invariant: 2, order_id, detail };
    }),
    ...[...spends.keys()]
      .filter((spend_id) => ofRun(spend_id) && !causes.has(spend_id))
      .map((spend_id): Violation => ({
        invariant: 12,
        order_id: spend_id.replace(/-spend$/, ''),
        detail: `spend ${spend_id} was acknowledged, and Trust has no movement for it`,
      })),
  ];
}
