import { setTimeout as delay } from 'node:timers/promises';
import { amountOf, formatAmount, totalOf, parseAmounts } from '@cashback/contract';
import type { InvoiceCreateInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, type Target, assertReached, assertRewarded, parseTarget } from '../harness.ts';
import type { TrustControl } from '../trust-control.ts';
import { Broken, NotShown, assertThat, assertSame } from '../verdict.ts';

const INVOICES = 8;
const FAULTS_MS = 1_500;

/** These change the settings of the payment system for every caller, so they run with nothing beside them. */
export const money: readonly Guarantee[] = [
  {
    id: 'T35',
    title: 'at the moment of success the wallet holds what is rewarded',
    exclusive: true,
    async check(harness) {
      const trust = trustOf(harness);
      const invoice = await harness.createInvoice();
      const before = await trust.balanceOf(invoice.wallet_id);
      const targets: Target[] = [
        { user: '10', service: '5' },
        { user: '4', service: '6' },
        {},
        { user: '1' },
        {},
      ];
      for (const target of targets) {
        await harness.reach(invoice, target);
        await assertHolds(trust, invoice, before, totalOf(parseTarget(target)));
      }
      return `${targets.length} targets, the last one 0`;
    },
  },
  {
    id: 'T36',
    title: 'a payment system that fails and loses answers neither loses nor doubles money',
    exclusive: true,
    async check(harness) {
      const trust = trustOf(harness);
      const faults = { latency_ms: 20, failure_share: 0.2, lost_answer_share: 0.4 };
      const invoices = await Promise.all(
        Array.from({ length: INVOICES }, () => harness.createInvoice({ wallet_id: harness.newId() })),
      );
      for (const target of [{ user: '5', service: '2' }, { user: '1' }, { user: '3' }, {}] as Target[]) {
        await trust.with(faults, async () => {
          for (const invoice of invoices) await harness.send(invoice, target);
          await delay(FAULTS_MS);
        });
        // Whenever an implementation repeats a request from here on, it meets no faults.
        for (const invoice of invoices) {
          assertReached(await harness.untilEnded(invoice), target);
          await assertHolds(trust, invoice, 0n, totalOf(parseTarget(target)));
        }
      }
      return `${INVOICES} invoices, 4 targets, a third of the answers lost`;
    },
  },
  {
    id: 'T37',
    title:
      'an operation that the payment system refuses ends as failed, rewarded states what was applied, and the next operation starts there',
    exclusive: true,
    async check(harness) {
      const trust = trustOf(harness);
      const invoice = await harness.createInvoice();
      const before = await trust.balanceOf(invoice.wallet_id);
      await harness.reach(invoice, { user: '10' });
      for (const target of [{ user: '15' }, { user: '2' }] as const) {
        const { cashback } = await trust.with({ refusal_share: 1 }, () => harness.move(invoice, target));
        assertSame('the status', cashback.status, 'failed');
        const { reason = '' } = cashback.operations[0] ?? {};
        assertThat(reason !== '', 'expected a reason for the failure');
        assertRewarded(cashback, parseTarget({ user: '10' }));
        const rewarded = amountOf(parseAmounts(cashback.rewarded), 'user');
        await assertHolds(trust, invoice, before, rewarded);
      }
      await harness.reach(invoice, { user: '2' });
      await assertHolds(trust, invoice, before, parseTarget({ user: '2' }).user ?? 0n);
      return 'a top-up and a refund refused, then reached';
    },
  },
];

function trustOf({ trust }: Harness): TrustControl {
  if (trust !== null) return trust;
  throw new NotShown('needs --trust-url and --trust-token, of the stand-in for the payment system');
}

async function assertHolds(
  trust: TrustControl,
  { wallet_id }: InvoiceCreateInput,
  before: bigint,
  rewarded: bigint,
): Promise<void> {
  const holds = (await trust.balanceOf(wallet_id)) - before;
  if (holds === rewarded) return;
  throw new Broken(
    `wallet ${wallet_id}: expected ${formatAmount(rewarded)}, as rewarded, got ${formatAmount(holds)}`,
  );
}
