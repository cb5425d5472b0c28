import { amountOf, formatAmount, parseAmounts } from '@cashback/contract';
import type { InvoiceCashback, InvoiceCreateInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, type Target, assertReached, assertRewarded, parseTarget } from '../harness.ts';
import type { TrustControl } from '../trust-control.ts';
import { NotShown, assertSame } from '../verdict.ts';

export const owed: readonly Guarantee[] = [
  {
    id: 'T43',
    title:
      'where refunds take what is there, rewarded less owed is the target, the wallet stays at zero, and a later operation takes what is owed once',
    // It counts on what is in the wallet, so nothing may make the payment system fail meanwhile.
    exclusive: true,
    async check(harness) {
      const { service, trust } = needed(harness);
      const invoice = await harness.createInvoice({ service, wallet_id: harness.newId() });
      const balance = async (): Promise<string> => formatAmount(await trust.balanceOf(invoice.wallet_id));
      await harness.reach(invoice, { user: '5' });
      await trust.spend(invoice.wallet_id, harness.newId(), '2');
      await assertOwes(harness, invoice, { user: '2' });
      assertSame('the balance with all taken that was there', await balance(), '0.0000');
      await assertOwes(harness, invoice, { user: '2' });

      const other = await harness.createInvoice({ ...payeeOf(invoice), service });
      await harness.reach(other, { user: '13' });
      for (let times = 1; times <= 2; times += 1) {
        const { cashback } = await harness.move(invoice, {});
        assertReached(cashback, {});
        assertSame('what is owed', owedBy(cashback), '0.0000');
        assertSame('the balance with 2 of 13 taken', await balance(), '11.0000');
      }
      return '3 of 5 taken, 2 owed, and taken from 13';
    },
  },
];

function needed({ options, trust }: Harness): { service: string; trust: TrustControl } {
  const { owing_service: service } = options;
  if (service !== undefined && trust !== null) return { service, trust };
  throw new NotShown('needs --owing-service, --trust-url and --trust-token, whose token may spend');
}

/** Moves the cashback to 0; all that is left is owed. */
async function assertOwes(harness: Harness, invoice: InvoiceCreateInput, expected: Target): Promise<void> {
  const { cashback } = await harness.move(invoice, {});
  assertSame('the status', cashback.status, 'success');
  assertRewarded(cashback, parseTarget(expected));
  const { user = 0n } = parseTarget(expected);
  assertSame('what is owed', owedBy(cashback), formatAmount(user));
}

function owedBy({ owed: amounts = [] }: InvoiceCashback): string {
  return formatAmount(amountOf(parseAmounts(amounts), 'user'));
}

function payeeOf({
  user_id,
  wallet_id,
}: InvoiceCreateInput): Pick<InvoiceCreateInput, 'user_id' | 'wallet_id'> {
  return { user_id, wallet_id };
}
