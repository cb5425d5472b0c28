import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BasketInput, type RefundInput, basket, refund } from '@cashback/wire';
import * as z from 'zod';
import type { FaultContext } from '../fault.ts';
import { forEachAtOnce, isRefused } from '../load/restate.ts';
import { OWING_SERVICE } from '../testbed-settings.ts';
import { cashback } from './run-command.ts';

const MAX_ROUNDS = 60;
const BETWEEN_ROUNDS_MS = 1_000;

const difference = z.object({ difference: z.string(), kind: z.enum(['basket', 'refund']), id: z.string() });
type Missing = z.infer<typeof difference>;

/**
 * What a person does once Trust has restored its tables: export, compare, and state again what Trust lacks, under its id
 * and word for word, a refund once its basket has succeeded; until Trust lacks nothing. Resolves with how many requests
 * Trust lacked.
 *
 *     Trust's tables --> export --> cashback reconcile-trust --> missing --> POST /baskets, spends, POST /refunds
 *                          ^                                                      |
 *                          +------------------------------------------------------+
 */
export async function restateAtTrust(
  context: FaultContext,
  restateSpends: () => Promise<void>,
): Promise<number> {
  const lacked = new Set<string>();
  for (let round = 1; ; round += 1) {
    const missing = await compare(context);
    for (const { kind, id } of missing) lacked.add(`${kind} ${id}`);
    if (missing.length === 0) return lacked.size;
    if (round === MAX_ROUNDS) {
      const ids = missing.map(({ kind, id }) => `${kind} ${id}`).slice(0, 5);
      throw new Error(
        `Trust still lacks ${missing.length} requests that were stated again: ${ids.join(', ')}`,
      );
    }
    await restateBaskets(missing, context);
    // Trust's own customers: a refund is stated after what they spent, as it was carried out after it.
    await restateSpends();
    await restateRefunds(missing, context);
    await sleep(BETWEEN_ROUNDS_MS);
  }
}

/** The requests that were applied, and that Trust's export has neither as success nor as pending. */
async function compare({ postgres, export_folder }: FaultContext): Promise<Missing[]> {
  const file = path.join(export_folder, 'trust-export.ndjson');
  const exported_at = new Date();
  const rows = await postgres.query(EXPORT);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const printed = await cashback(
    ['reconcile-trust', file, '--until', exported_at.toISOString(), '--json'],
    { DATABASE_URL: postgres.url() },
    // Something differs.
    { also: [2] },
  );
  return printed
    .split('\n')
    .filter((line) => line.includes('missing_in_export'))
    .flatMap((line) => {
      const read = difference.safeParse(JSON.parse(line));
      return read.success && read.data.difference === 'missing_in_export' ? [read.data] : [];
    });
}

const EXPORT = `
  SELECT 'basket' AS kind, basket_id AS id, amount::text, NULL AS taken, status, basket_id, wallet_id, source FROM trust.baskets
  UNION ALL
  SELECT 'refund', refund_id, r.amount::text, taken::text, r.status, basket_id, r.wallet_id, source
    FROM trust.refunds r JOIN trust.baskets USING (basket_id)`;

/** Word for word as transactions has them: of a step, or of what an earlier restore adopted. */
const BASKETS = `
  SELECT s.basket_id, o.wallet_id, o.user_id, o.currency, s.amount::text, s.source, o.invoice_id AS order_id
    FROM transactions.operation_steps s JOIN transactions.cashback_operations o USING (operation_id)
   WHERE s.kind = 'topup' AND s.step_id = ANY($1)
  UNION
  SELECT b.basket_id, i.wallet_id, i.user_id, i.currency, b.amount::text, b.source, b.invoice_id
    FROM transactions.baskets b JOIN transactions.invoices i USING (invoice_id) WHERE b.basket_id = ANY($1)`;

/** What was adopted keeps no policy: it is the one of the order's service. */
const REFUNDS = `
  SELECT s.step_id AS refund_id, s.basket_id, s.amount::text, o.wallet_policy
    FROM transactions.operation_steps s JOIN transactions.cashback_operations o USING (operation_id)
   WHERE s.kind = 'refund' AND s.step_id = ANY($1)
  UNION
  SELECT a.step_id, a.basket_id, a.amount::text, CASE service WHEN $2 THEN 'take_what_is_there' ELSE 'go_negative' END
    FROM transactions.adopted_steps a JOIN transactions.invoices USING (invoice_id)
   WHERE a.kind = 'refund' AND a.step_id = ANY($1)`;

async function restateBaskets(missing: readonly Missing[], { postgres, door }: FaultContext): Promise<void> {
  const bodies = await postgres.query<BasketInput>(BASKETS, [idsOf(missing, 'basket')]);
  await forEachAtOnce(bodies, (body) =>
    door.retryUntilAnswered(() => door.trust.post('/baskets', body, basket)),
  );
}

async function restateRefunds(missing: readonly Missing[], { postgres, door }: FaultContext): Promise<void> {
  const bodies = await postgres.query<RefundInput>(REFUNDS, [idsOf(missing, 'refund'), OWING_SERVICE]);
  await forEachAtOnce(bodies, async (body) => {
    const of = await door
      .retryUntilAnswered(() => door.trust.get(`/baskets/${body.basket_id}`, basket))
      .catch((error: unknown) => {
        if (!isRefused(error)) throw error;
        return null;
      });
    // A refund that came before its basket would be refused for good. The next round states it.
    if (of?.status !== 'success') return;
    await door.retryUntilAnswered(() => door.trust.post('/refunds', body, refund));
  });
}

function idsOf(missing: readonly Missing[], of: Missing['kind']): string[] {
  return missing.flatMap(({ kind, id }) => (kind === of ? [id] : []));
}
