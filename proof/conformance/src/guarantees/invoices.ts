import type { InvoiceCreateInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Scene, paid } from '../scene.ts';
import { Broken, NotShown, hold, same } from '../verdict.ts';

const AT_ONCE = 8;

const updateOf = (
  { invoice_id }: InvoiceCreateInput,
  version: number,
  amount: string | null,
  status = 'cleared',
) => ({ invoice_id, version, status, payments: amount === null ? [] : paid(amount) });

export const invoices: readonly Guarantee[] = [
  {
    id: 'T5',
    title: 'an invoice is created as version 1, without cashback, and is read as it was stated',
    async check(scene) {
      const input = scene.newInvoice({ status: 'held', payments: paid('100.0000', '0.5000') });
      const created = await scene.api.accept('create', input);
      const { cashback, created_at, updated_at, ...stated } = created;
      same('what was stated', stated, { ...input, version: 1 });
      same('its cashback', cashback, { version: 0, status: 'success', rewarded: [], operations: [] });
      same('updated_at', updated_at, created_at);
      same('the same when it is read', await scene.retrieve(input), created);
      return 'created and read';
    },
  },
  {
    id: 'T6',
    title:
      'the same creation again is answered with the invoice as it is now, another one of the id is refused',
    async check(scene) {
      const input = await scene.createInvoice({ status: 'held' });
      await scene.api.accept('update', updateOf(input, 1, '40'));
      const now = await scene.retrieve(input);
      const again = await Promise.all(
        Array.from({ length: AT_ONCE }, () => scene.api.accept('create', input)),
      );
      for (const answer of again) same('the answer to a repeat', answer, now);
      const others: Partial<InvoiceCreateInput>[] = [
        { user_id: scene.newId() },
        { wallet_id: scene.newId() },
        { currency: input.currency === 'EUR' ? 'USD' : 'EUR' },
        { status: 'cleared' },
        { payments: paid('100.0001') },
      ];
      for (const other of others)
        await scene.api.refuse('create', { ...input, ...other }, 409, 'INVOICE_EXISTS');
      same('the invoice', await scene.retrieve(input), now);
      return `${AT_ONCE} repeats, ${others.length} others refused`;
    },
  },
  {
    id: 'T7',
    title: 'amounts are exact, and are answered with four places',
    async check(scene) {
      const pairs = [
        ['0.1', '0.1000'],
        ['0.30', '0.3000'],
        ['0', '0.0000'],
        ['123456789012.3456', '123456789012.3456'],
        ['999999999999.9999', '999999999999.9999'],
        ['0.0001', '0.0001'],
      ] as const;
      const input = await scene.createInvoice({ payments: paid(...pairs.map(([stated]) => stated)) });
      const { payments } = await scene.retrieve(input);
      same('payments', payments, paid(...pairs.map(([, answered]) => answered)));
      const small = await scene.createInvoice();
      const { cashback } = await scene.reach(small, { user: '0.1', service: '0.2' });
      same(
        'rewarded',
        cashback.rewarded.map(({ amount }) => amount).toSorted((left, right) => left.localeCompare(right)),
        ['0.1000', '0.2000'],
      );
      return `${pairs.length + 2} amounts`;
    },
  },
  {
    id: 'T8',
    title: 'each change of money is one version more, and states the whole of what is captured',
    async check(scene) {
      const input = await scene.createInvoice({ status: 'held' });
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
        const answer = await scene.api.accept('update', update);
        const { version, payments } = answer;
        same(
          `update ${index + 1}`,
          { version, status: answer.status, payments },
          {
            version: index + 2,
            status,
            payments: update.payments,
          },
        );
        same('the same when it is read', await scene.retrieve(input), answer);
      }
      return `held, cleared, refunded in part and in full, cleared again, cancelled: version ${steps.length + 1}`;
    },
  },
  {
    id: 'T9',
    title: 'an update for another version than the current one is refused and changes nothing',
    async check(scene) {
      const input = await scene.createInvoice();
      await scene.api.accept('update', updateOf(input, 1, '70'));
      const before = await scene.retrieve(input);
      for (const version of [1, 3]) {
        await scene.api.refuse('update', updateOf(input, version, '60'), 409, 'VERSION_MISMATCH');
      }
      same('the invoice', await scene.retrieve(input), before);
      return 'an older and a newer version refused';
    },
  },
  {
    id: 'T10',
    title: 'an update that is repeated, or that states the same money, changes nothing',
    async check(scene) {
      const input = await scene.createInvoice();
      const update = updateOf(input, 1, '40');
      const first = await scene.api.accept('update', update);
      same('a repeat', await scene.api.accept('update', update), first);
      const same40 = await scene.api.accept('update', updateOf(input, 2, '40.00'));
      same('the same money', same40, first);
      return 'the version stayed';
    },
  },
  {
    id: 'T11',
    title: 'nothing follows a cancellation, nothing is captured in it, and what is cleared is not held again',
    async check(scene) {
      const cleared = await scene.createInvoice();
      await scene.api.refuse('update', updateOf(cleared, 1, '100', 'held'), 409, 'STATUS_FORBIDDEN');
      await scene.api.refuse('update', updateOf(cleared, 1, '0.0001', 'cancelled'), 400, 'BAD_REQUEST');
      await scene.api.accept('update', updateOf(cleared, 1, null, 'cancelled'));
      for (const status of ['held', 'cleared']) {
        await scene.api.refuse('update', updateOf(cleared, 2, '10', status), 409, 'STATUS_FORBIDDEN');
      }
      return '4 changes of status refused';
    },
  },
  {
    id: 'T12',
    title: 'of updates at the same moment exactly one is applied',
    async check(scene) {
      const input = await scene.createInvoice();
      const updates = Array.from({ length: AT_ONCE }, (_, index) => updateOf(input, 1, `${index + 1}.0000`));
      const answers = await Promise.all(updates.map((update) => scene.api.call('update', update)));
      const applied = updates.filter((_, index) => answers[index]?.status === 200);
      hold(applied.length === 1, `expected 1 of ${AT_ONCE} to be applied, got ${applied.length}`);
      for (const { status, code } of answers) {
        hold(
          status === 200 || code === 'VERSION_MISMATCH',
          `expected VERSION_MISMATCH, got ${status} ${code}`,
        );
      }
      const { version, payments } = await scene.retrieve(input);
      same('the invoice', { version, payments }, { version: 2, payments: applied[0]?.payments });
      return `1 of ${AT_ONCE}`;
    },
  },
  {
    id: 'T13',
    title: 'the history tells every version, oldest first and without a gap, and never changes',
    async check(scene) {
      const input = await scene.createInvoice({ status: 'held' });
      const amounts = ['90.0000', '20.0000', null, '70.0000'];
      for (const [index, amount] of amounts.entries()) {
        await scene.api.accept('update', updateOf(input, index + 1, amount));
      }
      const whole = await historyOf(scene, input, 100);
      same(
        'versions',
        whole.map(({ version }) => version),
        [1, 2, 3, 4, 5],
      );
      same(
        'what is captured',
        whole.map(({ captured_sum }) => captured_sum),
        ['0.0000', '90.0000', '20.0000', '0.0000', '70.0000'],
      );
      same(
        'changes',
        whole.map(({ change }) => change),
        ['held', 'cleared', 'refunded_in_part', 'refunded_in_full', 'cleared_again'],
      );
      same('the same in pages of 2', await historyOf(scene, input, 2), whole);
      await scene.api.accept('update', updateOf(input, 5, null, 'cancelled'));
      const longer = await historyOf(scene, input, 100);
      same('the first versions later', longer.slice(0, 5), whole);
      return `${longer.length} versions`;
    },
  },
  {
    id: 'T14',
    title: 'a call about an invoice that is not there says so',
    async check(scene) {
      const nowhere = scene.newInvoice();
      const { invoice_id } = nowhere;
      await scene.api.refuse('retrieve', { invoice_id }, 404, 'INVOICE_NOT_FOUND');
      await scene.api.refuse('update', updateOf(nowhere, 1, '1'), 404, 'INVOICE_NOT_FOUND');
      const operation = scene.newOperation(nowhere, 0, { user: '1' });
      await scene.api.refuse('updateCashback', operation, 404, 'INVOICE_NOT_FOUND');
      return '3 routes';
    },
  },
];

async function historyOf({ api }: Scene, { invoice_id }: InvoiceCreateInput, limit: number) {
  const versions: Awaited<ReturnType<typeof page>>['versions'] = [];
  async function page(after_version: number) {
    const body = { invoice_id, after_version, limit };
    const { status, code } = await api.call('history', body);
    if (status === 404 && code !== 'INVOICE_NOT_FOUND') {
      throw new NotShown('there is no /v2/invoice/history; nothing else needs it');
    }
    return api.accept('history', body);
  }
  for (let pages = 0; pages < 100; pages++) {
    const { versions: more } = await page(versions.at(-1)?.version ?? 0);
    if (more.length === 0) return versions;
    hold(more.length <= limit, `expected at most ${limit} versions in a page, got ${more.length}`);
    versions.push(...more);
  }
  throw new Broken('the history does not end after 100 pages');
}
