import type { Source } from '@cashback/contract';
import { type InvoiceStatus, invoice, trustSettings } from '@cashback/wire';
import { CALM } from '@cashback/scenario';
import type { AppName } from '@cashback/system';
import type { Failpoint, Fate, SetFailpoint } from '../../src/wire/failpoints.ts';
import { type Violation, type RunTables, checkInvariants } from '@cashback/invariants';
import type { Testbed } from '../../src/testbed.ts';
import { waitUntil } from '@cashback/testing';

const SERVICE = 'yellow';
const TIMEOUT_MS = 120_000;

export interface HeldFailpoint extends SetFailpoint {
  /** The held effect goes on. */
  release(): void;
}

/**
 * One order with rates of 0.1 and 0.05. Only the test registers it, as processing is not running. Its target for
 * 100.00 is 10 and 5, for 40.00 it is 4 and 2.
 */
export async function openPlantedOrder(testbed: Testbed, run: string) {
  const { door } = testbed;
  const tables = testbed.tablesOf(run);
  const order_id = `${run}-order`;
  const payee = { user_id: `${run}-user`, wallet_id: `${run}-wallet`, currency: 'USD' };
  await door.retryUntilAnswered(() =>
    door.trust.post('/settings', { ...CALM, latency_ms: 0 }, trustSettings),
  );
  const body = { invoice_id: order_id, service: SERVICE, ...payee, ...captured('held', '100.00') };
  await door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/create', body, invoice));
  const rates = [
    { source: 'user' as const, rate: '0.1' },
    { source: 'service' as const, rate: '0.05' },
  ];
  await door.retryUntilAnswered(() => door.server.rates.put({ order_id, service: SERVICE, rates }));
  let version = 1;

  async function isAtRest(): Promise<boolean> {
    const { rows } = await tables.sql.query<{ at_rest: boolean }>(
      `SELECT (settled_revision = revision AND operation_id IS NULL)
           OR attention_code IS NOT DISTINCT FROM 'sum_contradicts_events' AS at_rest
         FROM cashback.order_clears WHERE order_id = $1`,
      [order_id],
    );
    return rows[0]?.at_rest === true;
  }

  return {
    /** Clears the invoice with this amount; resolves with its new version. */
    async clear(amount: string): Promise<number> {
      const update = { invoice_id: order_id, version, ...captured('cleared', amount) };
      ({ version } = await door.retryUntilAnswered(() =>
        door.transactions.post('/v2/invoice/update', update, invoice),
      ));
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
    /** Holds the effect until it is released. */
    hold(failpoint: Omit<Failpoint, 'act'>): HeldFailpoint {
      const { promise, resolve } = Promise.withResolvers<void>();
      const set = testbed.failpoints.set({
        ...failpoint,
        async act(): Promise<Fate> {
          await promise;
          return 'go_on';
        },
      });
      return { ...set, release: resolve };
    },
    /** Only reports that it was reached. */
    pass: (failpoint: Omit<Failpoint, 'act'>): SetFailpoint =>
      testbed.failpoints.set({ ...failpoint, act: () => 'go_on' }),
    lose: (failpoint: Omit<Failpoint, 'act'>): SetFailpoint =>
      testbed.failpoints.set({ ...failpoint, act: () => 'reset' }),
    killAt: (failpoint: Omit<Failpoint, 'act'> & { by: AppName }): SetFailpoint =>
      testbed.failpoints.set({
        ...failpoint,
        async act(): Promise<Fate> {
          await testbed.kill(failpoint.by);
          return 'reset';
        },
      }),
    /** Waits until a register waits for a row lock of another session. */
    lockWait: () =>
      waitFor('waiting for a lock', async () => {
        const { rowCount } = await tables.sql.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'server' AND wait_event_type = 'Lock'`,
        );
        return rowCount !== 0;
      }),
    /** Waits until the worker has settled the newest target, or has stopped at a target that contradicts itself. */
    isAtRest,
    settledAtRest: () => waitFor('settled', isAtRest),
    /** Waits until the wallet has received this many sequences, some of them more than once. */
    received: (sequences: number) =>
      waitFor(`received ${sequences} sequences`, async () => {
        const { rows } = await tables.sql.query(
          `SELECT count(DISTINCT sequence)::integer AS received FROM wallet.callback_inbox WHERE wallet_id = $1`,
          [payee.wallet_id],
        );
        return rows[0].received === sequences;
      }),
    /** Checks at rest, when every push is delivered. */
    async check(how: Pick<RunTables, 'sweep_within_ms'> = {}): Promise<Violation[]> {
      await waitFor('pushed', async () => {
        const { rowCount } = await tables.sql.query(
          'SELECT FROM wallet.pushes WHERE wallet_id = $1 AND delivered_at IS NULL',
          [payee.wallet_id],
        );
        return rowCount === 0;
      });
      return checkInvariants({ ...tables, ...how }, () => {});
    },
  };
}

export type PlantedOrder = Awaited<ReturnType<typeof openPlantedOrder>>;

async function waitFor(what: string, condition: () => Promise<boolean>): Promise<void> {
  await waitUntil(what, condition, { timeout_ms: TIMEOUT_MS });
}

function captured(status: InvoiceStatus, amount: string) {
  return { status, payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount }] }] };
}
