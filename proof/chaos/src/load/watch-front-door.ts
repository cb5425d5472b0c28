import type { FrontDoor } from '@cashback/scenario';
import { HttpCallError } from '@cashback/service';
import { type Violation, type World, selectOfRun } from '@cashback/invariants';

/** What was acknowledged to the shop. */
export interface Acknowledged {
  /** The newest version of each invoice in an answer. */
  versions: ReadonlyMap<string, number>;
  spends: ReadonlySet<string>;
}

/** A front door that remembers what was acknowledged. */
export function watchFrontDoor(door: FrontDoor): { door: FrontDoor; acknowledged: Acknowledged } {
  const versions = new Map<string, number>();
  const spends = new Set<string>();
  const post: FrontDoor['transactions']['post'] = async (path, body, schema, options) => {
    const answer = await door.transactions.post(path, body, schema, options);
    const { invoice_id, version } = { ...(answer as { invoice_id?: string; version?: number }) };
    if (invoice_id !== undefined && version !== undefined) {
      versions.set(invoice_id, Math.max(version, versions.get(invoice_id) ?? 0));
    }
    return answer;
  };
  const spend: FrontDoor['trust']['post'] = async (path, body, schema, options) => {
    const answer = await door.trust.post(path, body, schema, options);
    const { spend_id } = { ...(body as { spend_id?: string }) };
    if (spend_id !== undefined) spends.add(spend_id);
    return answer;
  };
  return {
    acknowledged: { versions, spends },
    door: {
      ...door,
      transactions: { ...door.transactions, post },
      trust: { ...door.trust, post: spend },
      // A receiver with a shifted clock refuses a callback for its age: it is lost, as others are.
      sendInvoiceChanged: (id, payload) =>
        door.sendInvoiceChanged(id, payload).catch((error: unknown) => {
          if (!(error instanceof HttpCallError) || error.outcome !== 'refused') throw error;
        }),
    },
  };
}

/** Invariants 2 and 12, by the answers that the shop got: every acknowledged invoice version and spend is stored. */
export async function checkAcknowledged(
  world: World,
  { versions, spends }: Acknowledged,
): Promise<Violation[]> {
  const invoices = await selectOfRun<{ invoice_id: string; version: number }>(
    world,
    'SELECT invoice_id, version FROM transactions.invoices WHERE invoice_id LIKE $1',
  );
  const ofRun = (id: string): boolean => id.startsWith(`${world.run}-`);
  const stored = new Map(invoices.map(({ invoice_id, version }) => [invoice_id, version]));
  const lost = [...versions].filter(
    ([order_id, version]) => ofRun(order_id) && (stored.get(order_id) ?? 0) < version,
  );
  const moved = await selectOfRun<{ cause: string }>(
    world,
    `SELECT cause FROM trust.wallet_movements WHERE wallet_id LIKE $1 AND kind = 'spend'`,
  );
  const causes = new Set(moved.map(({ cause }) => cause));
  return [
    ...lost.map(([order_id, version]): Violation => ({
      invariant: 2,
      order_id,
      detail: `invoice version ${version} was acknowledged, stored is ${stored.get(order_id) ?? 'none'}`,
    })),
    ...[...spends]
      .filter((spend_id) => ofRun(spend_id) && !causes.has(spend_id))
      .map((spend_id): Violation => ({
        invariant: 12,
        order_id: spend_id.replace(/-spend$/, ''),
        detail: `spend ${spend_id} was acknowledged, and Trust has no movement for it`,
      })),
  ];
}
