import { type Invoice, type InvoiceStatus, invoice, trustSettings } from '@cashback/wire';
import { CALM } from '@cashback/scenario';
import { type Violation, checkInvariants, readUnsettled } from '@cashback/invariants';
import type { Fate } from '@cashback/proxies/failpoints';
import type { Lab } from './lab.ts';
import { until } from './until.ts';

const PATIENCE_MS = 40_000;
/** Trust takes steps at once and answers how they ended. */
const AT_ONCE = { ...CALM, latency_ms: 0 };
const SERVICE = 'yellow';

/**
 * The canonical life of an order: it is cleared, and both sources are topped up; a part of it is refunded, of which
 * one step of Trust fails after another was applied, and which is tried again; then all of it is. Calls that get no
 * answer are made again, as a caller would. Resolves with what is violated in the end.
 */
export async function playScenario(lab: Lab, run: string): Promise<Violation[]> {
  const { door } = lab;
  const order_id = `${run}-order`;
  const payee = { user_id: `${run}-user`, wallet_id: `${run}-wallet`, currency: 'USD' };
  const rates = [
    { source: 'user' as const, rate: '0.1' },
    { source: 'service' as const, rate: '0.05' },
  ];
  await setTrust(lab, AT_ONCE);
  const created: Invoice = await door.insist(() =>
    door.transactions.post(
      '/v2/invoice/create',
      { invoice_id: order_id, service: SERVICE, ...payee, ...captured('held', '100.00') },
      invoice,
    ),
  );
  await door.insist(() => door.server.rates.put({ order_id, service: SERVICE, rates }));
  let { version } = created;
  const change = async (status: InvoiceStatus, amount: string | null): Promise<void> => {
    const body = { invoice_id: order_id, version, ...captured(status, amount) };
    ({ version } = await door.insist(() => door.transactions.post('/v2/invoice/update', body, invoice)));
  };

  await change('cleared', '100.00');
  await settled(lab, run, 'topped up');
  await failSecondRefund(lab, order_id, () => change('cleared', '40.00'));
  await settled(lab, run, 'lowered');
  await change('cleared', null);
  await settled(lab, run, 'refunded');
  return checkInvariants(lab.world(run), () => {});
}

/** From its second refund on Trust refuses every step, until an operation of the order has failed for it. */
async function failSecondRefund(lab: Lab, order_id: string, work: () => Promise<void>): Promise<void> {
  const refusing = lab.failpoints.set({
    by: 'transactions',
    name: 'POST /refunds',
    nth: 2,
    when: 'before',
    async act(): Promise<Fate> {
      await setTrust(lab, { ...AT_ONCE, refusal_share: 1 });
      return 'go_on';
    },
  });
  await work();
  const { sql } = lab.world('');
  await until('failed', PATIENCE_MS, async () => {
    const { rowCount } = await sql.query(
      `SELECT FROM transactions.cashback_operations WHERE invoice_id = $1 AND status = 'failed'`,
      [order_id],
    );
    return rowCount === 0 ? `the step was ${refusing.wasReached() ? '' : 'not '}sent` : null;
  });
  await setTrust(lab, AT_ONCE);
}

async function settled(lab: Lab, run: string, what: string): Promise<void> {
  await until(what, PATIENCE_MS, async () => {
    const { orders, wallets, examples } = await readUnsettled(lab.world(run));
    return orders + wallets === 0 ? null : `${examples[0]?.detail ?? ''}, ${wallets} wallets behind`;
  });
}

async function setTrust({ door }: Lab, settings: typeof CALM): Promise<void> {
  await door.insist(() => door.trust.post('/settings', settings, trustSettings));
}

function captured(status: InvoiceStatus, amount: string | null) {
  const items = amount === null ? [] : [{ item_id: 'ride', amount }];
  return { status, payments: items.length === 0 ? [] : [{ payment_type: 'card', items }] };
}
