import { setTimeout as sleep } from 'node:timers/promises';
import { CALM } from '@cashback/scenario';
import { trustSettings } from '@cashback/wire';
import type { AppName } from '@cashback/system';
import { type Fault, type FaultContext, HOLD_MS, type Lane, holdUntil, onLink } from '../fault.ts';
import type { Link } from '../testbed.ts';

/** Longer than every retry backoff in the testbed's settings. */
const OUTAGE_MS = 5_000;
const BETWEEN_POLLS_MS = 500;
const READ_AGAIN = 20;

/** Faults of upstream answers. */
export const UPSTREAM_FAULTS: readonly Fault[] = [
  ...(['worker>transactions', 'transactions>trust'] as const).flatMap((link) => [
    onLink('429 with Retry-After', link, { kind: 'status', status: 429, retry_after: '1' }),
    onLink('500', link, { kind: 'status', status: 500 }, { share: 60 }),
    onLink('503 with Retry-After', link, { kind: 'status', status: 503, retry_after: '1' }),
    onLink('a page of HTML', link, { kind: 'html' }, { share: 60 }),
    onLink('hang', link, { kind: 'hang' }, { share: 40 }),
    onLink('applied, then reset', link, { kind: 'applied_then_reset' }, { share: 60 }),
    onLink('down for longer than every wait', link, { kind: 'reset' }, { hold_ms: OUTAGE_MS }),
  ]),
  onLink('applied, then reset', 'processing>server', { kind: 'applied_then_reset' }, { share: 60 }),
  onLink('applied, then reset', 'client>server', { kind: 'applied_then_reset' }, { share: 60 }),
  onLink(
    'applied, then 500',
    'client>transactions',
    { kind: 'applied_then_status', status: 500 },
    { share: 60 },
  ),
  onLink('stale status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve' }),
  onLink('flapping status', 'worker>transactions', { kind: 'stale' }, { path: '/retrieve', share: 50 }),
  onLink(
    'stale invoices',
    'processing>transactions',
    { kind: 'stale' },
    { path: '/retrieve', share: 50, provoke: haveInvoicesReadAgain },
  ),
  partialFailure(),
  restartInOutage('worker', 'worker>transactions', 'workers'),
  restartInOutage('transactions', 'transactions>trust', 'workers'),
  restartInOutage('processing', 'processing>server', 'callers'),
];

/** Invoices that processing has read before they got their cashback. */
async function haveInvoicesReadAgain({ postgres, run, door }: FaultContext): Promise<void> {
  const orders = await postgres.query<{ invoice_id: string; version: number; service: string }>(
    `SELECT order_id AS invoice_id, invoice_version AS version, service FROM cashback.order_clears
      WHERE order_id LIKE $1 AND settled_revision = revision AND cashback_sum > 0
      ORDER BY updated_at DESC LIMIT ${READ_AGAIN}`,
    [`${run}-%`],
  );
  for (const payload of orders) {
    await door.sendInvoiceChanged(`again-${payload.invoice_id}-${Date.now()}`, payload);
  }
}

function partialFailure(): Fault {
  return {
    name: 'partial failure: Trust refuses some of the steps of an operation',
    lane: 'upstreams',
    async fire(context) {
      const { door, postgres } = context;
      const set = (settings: object): Promise<unknown> =>
        door.retryUntilAnswered(() => door.trust.post('/settings', settings, trustSettings));
      const partial = async (): Promise<number> => {
        const operations = await postgres.query(
          `SELECT operation_id FROM transactions.operation_steps GROUP BY operation_id
           HAVING bool_or(status = 'refused') AND bool_or(status = 'applied')`,
        );
        return operations.length;
      };
      const before = await partial();
      let fired = 0;
      await set({ ...CALM, refusal_share: 0.4, failure_share: 0.1, lost_answer_share: 0.1, latency_ms: 100 });
      // Of the operations with two steps a quarter ends so: of a batch of orders none in one of five times.
      const happened = async (): Promise<boolean> => {
        await sleep(BETWEEN_POLLS_MS);
        fired = (await partial()) - before;
        return fired > 0;
      };
      await holdUntil(happened, HOLD_MS, context);
      await set(CALM);
      return fired;
    },
  };
}

/** The app's rows keep its knowledge of the outage, or a restart loses it in the middle. */
function restartInOutage(app: AppName, link: Link, lane: Lane): Fault {
  return {
    name: `${app} killed and restarted while ${link} is down`,
    lane: 'upstreams',
    holds: [lane],
    async fire(context) {
      const { links, restart } = context;
      let failed = 0;
      links[link].setFault(() => {
        failed += 1;
        return { kind: 'reset' };
      });
      await holdUntil(() => failed > 0, OUTAGE_MS / 2, context);
      await restart(app);
      const before = failed;
      await holdUntil(() => failed > before, OUTAGE_MS / 2, context);
      links[link].setFault(null);
      return before > 0 ? failed - before : 0;
    },
  };
}
