import type { Guarantee } from '../guarantee.ts';
import { paid } from '../harness.ts';
import { assertSame } from '../verdict.ts';

/** Ids of their callers distinguish two equal changes. */
export const changeIds: readonly Guarantee[] = [
  {
    id: 'T41',
    title: 'a change id stands for one change forever: a repeat is answered, another body is refused',
    async check(harness) {
      const { api } = harness;
      const input = { ...harness.newInvoice(), change_id: 'created' };
      await api.accept('create', input);
      const { invoice_id } = input;
      const refund = (version: number, amount: string, change_id: string) => ({
        invoice_id,
        version,
        status: 'cleared',
        payments: paid(amount),
        change_id,
      });
      const first = refund(1, '40', 'first');
      assertSame('the version', (await api.accept('update', first)).version, 2);
      await api.accept('update', refund(2, '30', 'second'));
      const now = await harness.retrieve(input);
      assertSame('the repeat of a change after a later one', await api.accept('update', first), now);
      assertSame('the repeat of the creation', await api.accept('create', input), now);
      for (const other of [refund(1, '39', 'first'), refund(3, '40', 'first'), refund(1, '40', 'created')])
        await api.refuse('update', other, 409, 'CHANGE_BODY_MISMATCH');
      await api.refuse('create', { ...input, payments: paid('1') }, 409, 'CHANGE_BODY_MISMATCH');
      assertSame('the invoice', await harness.retrieve(input), now);
      return 'answered after a later change, and refused with another body';
    },
  },
  {
    id: 'T42',
    title: 'of two equal changes with ids of their own one is applied, and the other is refused',
    async check(harness) {
      const { api } = harness;
      const { invoice_id } = await harness.createInvoice({ payments: paid('50') });
      const update = { invoice_id, version: 1, status: 'cleared', payments: paid('40') };
      const answers = await Promise.all(
        ['a', 'b'].map((change_id) => api.call('update', { ...update, change_id })),
      );
      assertSame('the codes', answers.map(({ code }) => code ?? 'applied').toSorted(), [
        'VERSION_MISMATCH',
        'applied',
      ]);
      const refused = answers.findIndex(({ status }) => status !== 200);
      const again = { ...update, version: 2, payments: paid('30'), change_id: 'ab'.charAt(refused) };
      assertSame('the version after the refused one', (await api.accept('update', again)).version, 3);
      return 'one applied, one refused and made again';
    },
  },
];
