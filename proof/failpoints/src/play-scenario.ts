import { type Invoice, type InvoiceStatus, invoice, trustSettings } from '@cashback/wire';
import { CALM } from '@cashback/scenario';
import { type Violation, checkInvariants, readUnsettled } from '@cashback/invariants';
import { waitUntil } from '@cashback/timing';
import type { Fate } from './wire/failpoints.ts';
import type { Testbed } from './testbed.ts';

/** A bound for a hang: a process that was killed starts again meanwhile, on a machine that is busy. */
const TIMEOUT_MS = 120_000;
/** Trust applies a step at once, and its answer has the outcome. */
const NO_LATENCY = { ...CALM, latency_ms: 0 };
const SERVICE = 'yellow';

/**
 * The canonical life of an order:
 *
 *     cleared 100 -> both sources are topped up
 *     cleared  40 -> of the two refunds at Trust one fails after the other was applied; a retry settles the order
 *     cleared   0 -> everything is refunded
 *
 * A call without an answer is repeated, as a caller would. Resolves with the violations at rest.
 */
export async function playScenario(testbed: Testbed, run: string): Promise<Violation[]> {
  const { door } = testbed;
  const order_id = `${run}-order`;
  const payee = { user_id: `${run}-user`, wallet_id: `${run}-wallet`, currency: 'USD' };
  const rates = [
    { source: 'user' as const, rate: '0.1' },
    { source: 'service' as const, rate: '0.05' },
  ];
  await setTrust(testbed, NO_LATENCY);
  const created: Invoice = await door.retryUntilAnswered(() =>
    door.transactions.post(
      '/v2/invoice/create',
      { invoice_id: order_id, service: SERVICE, ...payee, ...captured('held', '100.00') },
      invoice,
    ),
  );
  await door.retryUntilAnswered(() => door.server.rates.put({ order_id, service: SERVICE, rates }));
  let { version } = created;
  const change = async (status: InvoiceStatus, amount: string | null): Promise<void> => {
    const body = { invoice_id: order_id, version, ...captured(status, amount) };
    ({ version } = await door.retryUntilAnswered(() =>
      door.transactions.post('/v2/invoice/update', body, invoice),
    ));
  };

  await change('cleared', '100.00');
  await settled(testbed, run, 'topped up');
  await failSecondRefund(testbed, order_id, () => change('cleared', '40.00'));
  await settled(testbed, run, 'lowered');
  await change('cleared', null);
  await settled(testbed, run, 'refunded');
  return checkInvariants(testbed.tablesOf(run), () => {});
}

/** From the second refund on Trust refuses every step, until an operation of the order has failed because of it. */
async function failSecondRefund(
  testbed: Testbed,
  order_id: string,
  work: () => Promise<void>,
): Promise<void> {
  const refusing = testbed.failpoints.set({
    by: 'transactions',
    name: 'POST /refunds',
    nth: 2,
    when: 'before',
    async act(): Promise<Fate> {
      await setTrust(testbed, { ...NO_LATENCY, refusal_share: 1 });
      return 'go_on';
    },
  });
  await work();
  const { sql } = testbed.tablesOf('');
  await waitUntil(
    'failed',
    async () => {
      const { rowCount } = await sql.query(
        `SELECT FROM transactions.cashback_operations WHERE invoice_id = $1 AND status = 'failed'`,
        [order_id],
      );
      return rowCount !== 0 || `the step was ${refusing.wasReached() ? '' : 'not '}sent`;
    },
    { timeout_ms: TIMEOUT_MS },
  );
  await setTrust(testbed, NO_LATENCY);
}

async function settled(testbed: Testbed, run: string, what: string): Promise<void> {
  await waitUntil(
    what,
    async () => {
      const { orders, wallets, walks, examples } = await readUnsettled(testbed.tablesOf(run));
      return orders + wallets + walks === 0 || `${examples[0]?.detail ?? ''}, ${wallets} wallets behind`;
    },
    { timeout_ms: TIMEOUT_MS },
  );
}

async function setTrust({ door }: Testbed, settings: typeof CALM): Promise<void> {
  await door.retryUntilAnswered(() => door.trust.post('/settings', settings, trustSettings));
}

function captured(status: InvoiceStatus, amount: string | null) {
  const items = amount === null ? [] : [{ item_id: 'ride', amount }];
  return { status, payments: items.length === 0 ? [] : [{ payment_type: 'card', items }] };
}
