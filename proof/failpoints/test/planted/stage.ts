import type { Source } from '@cashback/contract';
import { type InvoiceStatus, invoice, trustSettings } from '@cashback/wire';
import { CALM } from '@cashback/scenario';
import type { AppName } from '@cashback/system';
import type { Failpoint, Fate, SetFailpoint } from '@cashback/proxies/failpoints';
import { type Violation, type World, checkInvariants } from '@cashback/invariants';
import type { Lab } from '../../src/lab.ts';
import { until } from '../../src/until.ts';

const SERVICE = 'yellow';
const PATIENCE_MS = 20_000;

export interface HeldFailpoint extends SetFailpoint {
  /** What was held goes on. */
  letGo(): void;
}

/**
 * One order, with rates of 0.1 and 0.05, and nobody who registers it but the test: processing is not running. What it
 * should carry for 100.00 is 10 and 5, for 40.00 4 and 2.
 */
export async function openStage(lab: Lab, run: string) {
  const { door } = lab;
  const world = lab.world(run);
  const order_id = `${run}-order`;
  const payee = { user_id: `${run}-user`, wallet_id: `${run}-wallet`, currency: 'USD' };
  await door.insist(() => door.trust.post('/settings', { ...CALM, latency_ms: 0 }, trustSettings));
  const body = { invoice_id: order_id, service: SERVICE, ...payee, ...captured('held', '100.00') };
  await door.insist(() => door.transactions.post('/v2/invoice/create', body, invoice));
  const rates = [
    { source: 'user' as const, rate: '0.1' },
    { source: 'service' as const, rate: '0.05' },
  ];
  await door.insist(() => door.server.rates.put({ order_id, service: SERVICE, rates }));
  let version = 1;

  return {
    /** The invoice is cleared with so much; its version afterwards. */
    async clear(amount: string): Promise<number> {
      const update = { invoice_id: order_id, version, ...captured('cleared', amount) };
      ({ version } = await door.insist(() => door.transactions.post('/v2/invoice/update', update, invoice)));
      return version;
    },
    register(
      invoice_version: number,
      cleared_sum: string,
      [user, service]: [string, string],
      to = door.server,
    ) {
      const cashback_by_source: { source: Source; value: string }[] = [
        { source: 'user', value: user },
        { source: 'service', value: service },
      ];
      return to.register({
        order_id,
        service: SERVICE,
        ...payee,
        invoice_version,
        cleared_sum,
        cashback_by_source,
      });
    },
    /** At the failpoint all waits until it is let go. */
    hold(failpoint: Omit<Failpoint, 'act'>): HeldFailpoint {
      const { promise, resolve } = Promise.withResolvers<void>();
      const set = lab.failpoints.set({
        ...failpoint,
        async act(): Promise<Fate> {
          await promise;
          return 'go_on';
        },
      });
      return { ...set, letGo: resolve };
    },
    /** Only tells that it was there. */
    pass: (failpoint: Omit<Failpoint, 'act'>): SetFailpoint =>
      lab.failpoints.set({ ...failpoint, act: () => 'go_on' }),
    lose: (failpoint: Omit<Failpoint, 'act'>): SetFailpoint =>
      lab.failpoints.set({ ...failpoint, act: () => 'reset' }),
    killAt: (failpoint: Omit<Failpoint, 'act'> & { by: AppName }): SetFailpoint =>
      lab.failpoints.set({
        ...failpoint,
        async act(): Promise<Fate> {
          await lab.kill(failpoint.by);
          return 'reset';
        },
      }),
    /** A register waits for a row that somebody else has locked. */
    lockWait: () =>
      waitFor('waiting for a lock', async () => {
        const { rowCount } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'server' AND wait_event_type = 'Lock'`,
        );
        return rowCount !== 0;
      }),
    /** The worker has brought what is registered to its end. */
    settledAtRest: () =>
      waitFor('settled', async () => {
        const { rows } = await world.sql.query<{ at_rest: boolean }>(
          `SELECT settled_revision = revision AND operation_id IS NULL AS at_rest
             FROM cashback.order_clears WHERE order_id = $1`,
          [order_id],
        );
        return rows[0]?.at_rest === true;
      }),
    /** The wallet has heard of so many movements, of some more than once. */
    heard: (sequences: number) =>
      waitFor(`heard of ${sequences} sequences`, async () => {
        const { rows } = await world.sql.query(
          `SELECT count(DISTINCT sequence)::integer AS heard FROM wallet.callback_inbox WHERE wallet_id = $1`,
          [payee.wallet_id],
        );
        return rows[0].heard === sequences;
      }),
    /** At rest: no push is on its way any more. */
    async check(how: Pick<World, 'sweep_within_ms'> = {}): Promise<Violation[]> {
      await waitFor('pushed', async () => {
        const { rowCount } = await world.sql.query(
          'SELECT FROM wallet.pushes WHERE wallet_id = $1 AND delivered_at IS NULL',
          [payee.wallet_id],
        );
        return rowCount === 0;
      });
      return checkInvariants({ ...world, ...how }, () => {});
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

async function waitFor(what: string, look: () => Promise<boolean>): Promise<void> {
  await until(what, PATIENCE_MS, async () => ((await look()) ? null : 'not yet'));
}

function captured(status: InvoiceStatus, amount: string) {
  return { status, payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount }] }] };
}
