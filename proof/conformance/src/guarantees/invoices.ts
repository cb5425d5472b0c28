import type { InvoiceCreateInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, paid } from '../harness.ts';
import { Broken, NotShown, assertThat, assertSame } from '../verdict.ts';

const CONCURRENT_CALLS = 8;

const updateOf = (
  { invoice_id }: InvoiceCreateInput,
  version: number,
  amount: string | null,
  status = 'cleared',
) => ({ invoice_id, version, status, payments: amount === null ? [] : paid(amount) });

export const invoices: readonly Guarantee[] = [
  {
    id: 'T5',
    title: 'a new invoice has version 1 and no cashback, and reads back as it was stated',
    async check(harness) {
      const input = harness.newInvoice({ status: 'held', payments: paid('100.0000', '0.5000') });
      const created = await harness.api.accept('create', input);
      const { invoice_epoch: _, cashback, created_at, updated_at, ...stated } = created;
      assertSame('what was stated', stated, { ...input, version: 1 });
      assertSame('its cashback', cashback, { version: 0, status: 'success', rewarded: [], operations: [] });
      assertSame('updated_at', updated_at, created_at);
      assertSame('the invoice as it is read', await harness.retrieve(input), created);
      return 'created and read';
    },
  },
  {
    id: 'T6',
    title:
      'a repeated creation is answered with the invoice as it is now; another body under the same id is refused',
    async check(harness) {
      const input = await harness.createInvoice({ status: 'held' });
      await harness.api.accept('update', updateOf(input, 1, '40'));
      const now = await harness.retrieve(input);
      const again = await Promise.all(
        Array.from({ length: CONCURRENT_CALLS }, () => harness.api.accept('create', input)),
      );
      for (const answer of again) assertSame('the answer to a repeat', answer, now);
      const otherBodies: Partial<InvoiceCreateInput>[] = [
        { user_id: harness.newId() },
        { wallet_id: harness.newId() },
        { currency: input.currency === 'EUR' ? 'USD' : 'EUR' },
        { status: 'cleared' },
        { payments: paid('100.0001') },
      ];
      for (const other of otherBodies)
        await harness.api.refuse('create', { ...input, ...other }, 409, 'INVOICE_EXISTS');
      assertSame('the invoice', await harness.retrieve(input), now);
      return `${CONCURRENT_CALLS} repeats, ${otherBodies.length} other bodies refused`;
    },
  },
  {
    id: 'T7',
    title: 'amounts are exact, and answers have four decimal places',
    async check(harness) {
      const pairs = [
        ['0.1', '0.1000'],
        ['0.30', '0.3000'],
        ['0', '0.0000'],
        ['123456789012.3456', '123456789012.3456'],
        ['999999999999.9999', '999999999999.9999'],
        ['0.0001', '0.0001'],
      ] as const;
      const input = await harness.createInvoice({ payments: paid(...pairs.map(([stated]) => stated)) });
      const { payments } = await harness.retrieve(input);
      assertSame('payments', payments, paid(...pairs.map(([, answered]) => answered)));
      const small = await harness.createInvoice();
      const { cashback } = await harness.reach(small, { user: '0.1', service: '0.2' });
      assertSame(
        'rewarded',
        cashback.rewarded.map(({ amount }) => amount).toSorted((left, right) => left.localeCompare(right)),
        ['0.1000', '0.2000'],
      );
      return `${pairs.length + 2} amounts`;
    },
  },
  {
    id: 'T8',
    title: 'each change of money raises the version by one, and states everything that is captured',
    async check(harness) {
      const input = await harness.createInvoice({ status: 'held' });
      const steps = [
        ['held', '80.0000'],
        ['cleared', '80.0000'],
        ['cleared', '30.0000'],
        ['cleared', null],
        ['cleared', '90.0000'],
        ['cancelled', null],
      ] as const;
      for (const [index, [status, amount]] of steps.entries()) {
        const update = updateOf(input, index + 1, amount, status);
        const answer = await harness.api.accept('update', update);
        const { version, payments } = answer;
        assertSame(
          `update ${index + 1}`,
          { version, status: answer.status, payments },
          {
            version: index + 2,
            status,
            payments: update.payments,
          },
        );
        assertSame('the invoice as it is read', await harness.retrieve(input), answer);
      }
      return `held, cleared, refunded in part and in full, cleared again, cancelled: version ${steps.length + 1}`;
    },
  },
  {
    id: 'T9',
    title: 'an update for a version other than the current one is refused, and nothing changes',
    async check(harness) {
      const input = await harness.createInvoice();
      await harness.api.accept('update', updateOf(input, 1, '70'));
      const before = await harness.retrieve(input);
      for (const version of [1, 3]) {
        await harness.api.refuse('update', updateOf(input, version, '60'), 409, 'VERSION_MISMATCH');
      }
      assertSame('the invoice', await harness.retrieve(input), before);
      return 'an older and a newer version refused';
    },
  },
  {
    id: 'T10',
    title: 'a repeated update, or one that states the same money, changes nothing',
    async check(harness) {
      const input = await harness.createInvoice();
      const update = updateOf(input, 1, '40');
      const first = await harness.api.accept('update', update);
      assertSame('a repeat', await harness.api.accept('update', update), first);
      const same40 = await harness.api.accept('update', updateOf(input, 2, '40.00'));
      assertSame('the same money', same40, first);
      return 'the version stayed';
    },
  },
  {
    id: 'T11',
    title: 'a cancelled invoice stays cancelled and captures nothing, and a cleared one is not held again',
    async check(harness) {
      const cleared = await harness.createInvoice();
      await harness.api.refuse('update', updateOf(cleared, 1, '100', 'held'), 409, 'STATUS_FORBIDDEN');
      await harness.api.refuse('update', updateOf(cleared, 1, '0.0001', 'cancelled'), 400, 'BAD_REQUEST');
      await harness.api.accept('update', updateOf(cleared, 1, null, 'cancelled'));
      for (const status of ['held', 'cleared']) {
        await harness.api.refuse('update', updateOf(cleared, 2, '10', status), 409, 'STATUS_FORBIDDEN');
      }
      return '4 changes of status refused';
    },
  },
  {
    id: 'T12',
    title: 'of concurrent updates exactly one is applied',
    async check(harness) {
      const input = await harness.createInvoice();
      const updates = Array.from({ length: CONCURRENT_CALLS }, (_, index) =>
        updateOf(input, 1, `${index + 1}.0000`),
      );
      const answers = await Promise.all(updates.map((update) => harness.api.call('update', update)));
      const applied = updates.filter((_, index) => answers[index]?.status === 200);
      assertThat(
        applied.length === 1,
        `expected 1 of ${CONCURRENT_CALLS} to be applied, got ${applied.length}`,
      );
      for (const { status, code } of answers) {
        assertThat(
          status === 200 || code === 'VERSION_MISMATCH',
          `expected VERSION_MISMATCH, got ${status} ${code}`,
        );
      }
      const { version, payments } = await harness.retrieve(input);
      assertSame('the invoice', { version, payments }, { version: 2, payments: applied[0]?.payments });
      return `1 of ${CONCURRENT_CALLS}`;
    },
  },
  {
    id: 'T13',
    title: 'the history lists every version, oldest first and without gaps, and never changes',
    async check(harness) {
      const input = await harness.createInvoice({ status: 'held' });
      const amounts = ['90.0000', '20.0000', null, '70.0000'];
      for (const [index, amount] of amounts.entries()) {
        await harness.api.accept('update', updateOf(input, index + 1, amount));
      }
      const whole = await historyOf(harness, input, 100);
      assertSame(
        'versions',
        whole.map(({ version }) => version),
        [1, 2, 3, 4, 5],
      );
      assertSame(
        'what is captured',
        whole.map(({ captured_sum }) => captured_sum),
        ['0.0000', '90.0000', '20.0000', '0.0000', '70.0000'],
      );
      assertSame(
        'changes',
        whole.map(({ change }) => change),
        ['held', 'cleared', 'refunded_in_part', 'refunded_in_full', 'cleared_again'],
      );
      assertSame('the same in pages of 2', await historyOf(harness, input, 2), whole);
      await harness.api.accept('update', updateOf(input, 5, null, 'cancelled'));
      const longer = await historyOf(harness, input, 100);
      assertSame('the first versions later', longer.slice(0, 5), whole);
      return `${longer.length} versions`;
    },
  },
  {
    id: 'T14',
    title: 'a call about an unknown invoice says so',
    async check(harness) {
      const nowhere = harness.newInvoice();
      const { invoice_id } = nowhere;
      await harness.api.refuse('retrieve', { invoice_id }, 404, 'INVOICE_NOT_FOUND');
      await harness.api.refuse('update', updateOf(nowhere, 1, '1'), 404, 'INVOICE_NOT_FOUND');
      const operation = harness.newOperation(nowhere, 0, { user: '1' });
      await harness.api.refuse('updateCashback', operation, 404, 'INVOICE_NOT_FOUND');
      return '3 routes';
    },
  },
];

async function historyOf({ api }: Harness, { invoice_id }: InvoiceCreateInput, limit: number) {
  const versions: Awaited<ReturnType<typeof page>>['versions'] = [];
  async function page(after_version: number) {
    const body = { invoice_id, after_version, limit };
    const { status, code } = await api.call('history', body);
    if (status === 404 && code !== 'INVOICE_NOT_FOUND') {
      throw new NotShown('there is no /v2/invoice/history; it is optional');
    }
    return api.accept('history', body);
  }
  for (let pages = 0; pages < 100; pages++) {
    const { versions: more } = await page(versions.at(-1)?.version ?? 0);
    if (more.length === 0) return versions;
    assertThat(more.length <= limit, `expected at most ${limit} versions in a page, got ${more.length}`);
    versions.push(...more);
  }
  throw new Broken('the history does not end after 100 pages');
}
