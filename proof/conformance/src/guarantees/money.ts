import { setTimeout as delay } from 'node:timers/promises';
import { amountOf, formatAmount, totalOf, parseAmounts } from '@cashback/contract';
import type { InvoiceCreateInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Scene, type Target, assertReached, assertRewarded, vectorOf } from '../scene.ts';
import type { TrustControl } from '../trust-control.ts';
import { Broken, NotShown, hold, same } from '../verdict.ts';

const INVOICES = 8;
const TROUBLE_MS = 1_500;

/** These look at wallets, and make trouble for everybody: nothing else runs beside them. */
export const money: readonly Guarantee[] = [
  {
    id: 'T35',
    title: 'in the moment of success the wallet holds what is rewarded',
    alone: true,
    async check(scene) {
      const trust = trustOf(scene);
      const invoice = await scene.createInvoice();
      const before = await trust.balanceOf(invoice.wallet_id);
      const targets: Target[] = [
        { user: '10', service: '5' },
        { user: '4', service: '6' },
        {},
        { user: '1' },
        {},
      ];
      for (const target of targets) {
        await scene.reach(invoice, target);
        await assertHolds(trust, invoice, before, totalOf(vectorOf(target)));
      }
      return `${targets.length} targets, the last one 0`;
    },
  },
  {
    id: 'T36',
    title: 'a payment system that fails and loses its answers neither loses nor doubles money',
    alone: true,
    async check(scene) {
      const trust = trustOf(scene);
      const trouble = { latency_ms: 20, failure_share: 0.2, lost_answer_share: 0.4 };
      const invoices = await Promise.all(
        Array.from({ length: INVOICES }, () => scene.createInvoice({ wallet_id: scene.newId() })),
      );
      for (const target of [{ user: '5', service: '2' }, { user: '1' }, { user: '3' }, {}] as Target[]) {
        await trust.with(trouble, async () => {
          for (const invoice of invoices) await scene.send(invoice, target);
          await delay(TROUBLE_MS);
        });
        // However long an implementation waits before it repeats a request: the trouble is over.
        for (const invoice of invoices) {
          assertReached(await scene.untilEnded(invoice), target);
          await assertHolds(trust, invoice, 0n, totalOf(vectorOf(target)));
        }
      }
      return `${INVOICES} invoices, 4 targets, every third answer lost`;
    },
  },
  {
    id: 'T37',
    title:
      'what the payment system refuses ends as failed, rewarded tells what happened, and the next operation starts there',
    alone: true,
    async check(scene) {
      const trust = trustOf(scene);
      const invoice = await scene.createInvoice();
      const before = await trust.balanceOf(invoice.wallet_id);
      await scene.reach(invoice, { user: '10' });
      for (const target of [{ user: '15' }, { user: '2' }] as const) {
        const { cashback } = await trust.with({ refusal_share: 1 }, () => scene.move(invoice, target));
        same('the status', cashback.status, 'failed');
        const { reason = '' } = cashback.operations[0] ?? {};
        hold(reason !== '', 'expected a reason for the failure');
        assertRewarded(cashback, vectorOf({ user: '10' }));
        const told = amountOf(parseAmounts(cashback.rewarded), 'user');
        await assertHolds(trust, invoice, before, told);
      }
      await scene.reach(invoice, { user: '2' });
      await assertHolds(trust, invoice, before, vectorOf({ user: '2' }).user ?? 0n);
      return 'a top-up and a refund refused, then reached';
    },
  },
];

function trustOf({ trust }: Scene): TrustControl {
  if (trust !== null) return trust;
  throw new NotShown('needs --trust-url and --trust-token, of the stand-in of the payment system');
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
