import type { Guarantee } from '../guarantee.ts';
import { paid } from '../harness.ts';
import { NotShown, assertSame } from '../verdict.ts';

/** The fields by which callers notice that the side was restored from a backup. */
export const restore: readonly Guarantee[] = [
  {
    id: 'T38',
    title:
      'every answer with an invoice carries the epoch of its side, which stays while the side is not restored',
    async check(harness) {
      const input = harness.newInvoice();
      const { invoice_epoch: epoch } = await harness.api.accept('create', input);
      if (epoch === undefined) throw new NotShown('the answers have no invoice_epoch');
      const { invoice_id } = input;
      const update = { invoice_id, version: 1, status: 'cleared', payments: paid('5') };
      assertSame('after an update', (await harness.api.accept('update', update)).invoice_epoch, epoch);
      await harness.reach(input, { user: '1' });
      assertSame('after an operation', (await harness.retrieve(input)).invoice_epoch, epoch);
      assertSame(
        'of another invoice',
        (await harness.retrieve(await harness.createInvoice())).invoice_epoch,
        epoch,
      );
      return `epoch ${epoch}`;
    },
  },
];
