import { amountOf, formatAmount, parseAmounts } from '@cashback/contract';
import type { InvoiceCashback } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { assertRewarded, parseTarget } from '../harness.ts';
import { NotShown, assertSame } from '../verdict.ts';

const TARGET = { user: '5' } as const;

export const payee: readonly Guarantee[] = [
  {
    id: 'T44',
    title:
      'after a change of payee no operation for the payee before is accepted, what it got is taken back, and the new one gets the target, once',
    // It counts on both wallets, so nothing may make the payment system fail meanwhile.
    exclusive: true,
    async check(harness) {
      const { api, trust } = harness;
      if (trust === null) throw new NotShown('needs --trust-url and --trust-token');
      const before = await harness.createInvoice({ wallet_id: harness.newId() });
      await harness.reach(before, TARGET);
      const seen = await harness.retrieve(before);
      const { invoice_id } = before;
      const to = { user_id: harness.newId(), wallet_id: harness.newId() };
      const change = { invoice_id, version: seen.version, ...to, reason: 'conformance' };
      await api.refuse('changePayee', { ...change, version: seen.version + 1 }, 409, 'VERSION_MISMATCH');
      const changed = await api.accept('changePayee', change);
      assertSame('the version', changed.version, seen.version + 1);
      assertSame('the wallet', changed.wallet_id, to.wallet_id);
      assertRewarded(changed.cashback, parseTarget(TARGET));
      assertSame('what the wallet before carries', elsewhereIn(changed.cashback), '5.0000');
      assertSame(
        'the version of a repeat',
        (await api.accept('changePayee', change)).version,
        changed.version,
      );

      const late = harness.newOperation(before, seen.cashback.version, TARGET);
      await api.refuse('updateCashback', late, 409, 'VERSION_MISMATCH');
      const wrong = harness.newOperation(before, changed.cashback.version, TARGET);
      await api.refuse('updateCashback', wrong, 422, 'PAYEE_MISMATCH');
      for (let times = 1; times <= 2; times += 1) {
        const { cashback } = await harness.reach({ ...before, ...to }, TARGET);
        assertSame('what the wallet before carries', elsewhereIn(cashback), '0.0000');
        assertSame('the balance before', formatAmount(await trust.balanceOf(before.wallet_id)), '0.0000');
        assertSame('the new balance', formatAmount(await trust.balanceOf(to.wallet_id)), '5.0000');
      }
      return '5 moved from one wallet to the other';
    },
  },
];

function elsewhereIn({ elsewhere = [] }: InvoiceCashback): string {
  return formatAmount(amountOf(parseAmounts(elsewhere), 'user'));
}
