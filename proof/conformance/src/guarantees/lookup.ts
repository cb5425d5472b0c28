import type { InvoiceCreateInput, UpdateCashbackInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, hasEnded } from '../harness.ts';
import { Broken, NotShown, assertSame, show } from '../verdict.ts';

const LATER_OPERATIONS = 25;
const IN_FLIGHT_ATTEMPTS = 20;

export const lookup: readonly Guarantee[] = [
  {
    id: 'T23',
    title:
      'a known id with the same body is answered with the current state of the operation, and nothing is applied twice',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const operation = harness.newOperation(invoice, 0, { user: '10', service: '3' });
      await harness.api.accept('updateCashback', operation);
      const early = await harness.api.accept('updateCashback', operation);
      assertSame('operation_id', early.operation_id, operation.operation_id);
      const ended = await harness.untilEnded(invoice);
      const reward = [
        { source: 'service', amount: '3.0' },
        { source: 'user', amount: '10.0000' },
      ];
      const answers = [operation, { ...operation, reward }];
      for (const body of answers) {
        assertSame('a repeat after the end', await harness.api.accept('updateCashback', body), {
          operation_id: operation.operation_id,
          status: ended.status,
          version: ended.version,
        });
      }
      assertSame('the cashback', (await harness.retrieve(invoice)).cashback, ended);
      await harness.reach(invoice, { user: '4' });
      const { cashback } = await harness.retrieve(invoice);
      const old = await harness.api.accept('updateCashback', operation);
      assertSame('a repeat after a newer operation', old.version, ended.version);
      assertSame('the cashback', (await harness.retrieve(invoice)).cashback, cashback);
      return 'repeated at once, after its end, in another notation, and after a newer one';
    },
  },
  {
    id: 'T24',
    title: 'a known id with another body is refused before any other check, and nothing changes',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const { operation, cashback } = await harness.reach(invoice, { user: '10' });
      const another = await harness.createInvoice();
      const changes: Partial<UpdateCashbackInput>[] = [
        { invoice_id: another.invoice_id },
        { invoice_id: harness.newId() },
        { version: cashback.version },
        { user_id: harness.newId() },
        { wallet_id: harness.newId() },
        { currency: operation.currency === 'EUR' ? 'USD' : 'EUR' },
        { reward: [{ source: 'user', amount: '10.0001' }] },
        { reward: [{ source: 'service', amount: '10' }] },
      ];
      for (const change of changes) {
        const body = { ...operation, ...change };
        await harness.api.refuse('updateCashback', body, 409, 'OPERATION_BODY_MISMATCH');
      }
      assertSame('the cashback', (await harness.retrieve(invoice)).cashback, cashback);
      assertSame("the other's cashback version", (await harness.retrieve(another)).cashback.version, 0);
      return `${changes.length} other bodies refused`;
    },
  },
  {
    id: 'T25',
    title: 'while an operation is unfinished another one is refused, whatever its version and payee',
    async check(harness) {
      const invoice = await harness.createInvoice();
      for (let attempt = 1; attempt <= IN_FLIGHT_ATTEMPTS; attempt++) {
        if (await sawInFlight(harness, invoice, attempt)) return `observed at attempt ${attempt}`;
        await harness.untilEnded(invoice);
      }
      throw new NotShown(
        `in ${IN_FLIGHT_ATTEMPTS} attempts every operation had ended before the next one arrived`,
      );
    },
  },
  {
    id: 'T26',
    title:
      'an operation for a version other than the current one is refused before its payee is checked, and is never applied',
    async check(harness) {
      const invoice = await harness.createInvoice();
      await harness.reach(invoice, { user: '10' });
      const { cashback } = await harness.retrieve(invoice);
      const stale = harness.newOperation(invoice, 0, { user: '99' });
      const wrong = { ...harness.newOperation(invoice, 0, { user: '99' }), wallet_id: harness.newId() };
      for (const body of [stale, wrong, stale]) {
        await harness.api.refuse('updateCashback', body, 409, 'VERSION_MISMATCH');
      }
      const newer = harness.newOperation(invoice, cashback.version + 1, { user: '99' });
      await harness.api.refuse('updateCashback', newer, 409, 'VERSION_MISMATCH');
      assertSame('the cashback', (await harness.retrieve(invoice)).cashback, cashback);
      const { cashback: later } = await harness.reach(invoice, { user: '5' });
      await harness.api.refuse('updateCashback', stale, 409, 'VERSION_MISMATCH');
      assertSame('the cashback in the end', (await harness.retrieve(invoice)).cashback, later);
      return 'refused at once, again, and after another operation';
    },
  },
  {
    id: 'T27',
    title: "an operation for another payee than the invoice's is refused, and nothing changes",
    async check(harness) {
      const invoice = await harness.createInvoice();
      const others: Partial<UpdateCashbackInput>[] = [
        { user_id: harness.newId() },
        { wallet_id: harness.newId() },
        { currency: invoice.currency === 'EUR' ? 'USD' : 'EUR' },
      ];
      for (const other of others) {
        const operation = harness.newOperation(invoice, 0, { user: '10' }, other);
        await harness.api.refuse('updateCashback', operation, 422, 'PAYEE_MISMATCH');
      }
      assertSame('the cashback version', (await harness.retrieve(invoice)).cashback.version, 0);
      await harness.reach(invoice, { user: '10' });
      return 'another user, wallet and currency refused';
    },
  },
  {
    id: 'T28',
    title: 'operation ids are kept forever, including those that are no longer listed',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const { operation, cashback: first } = await harness.reach(invoice, { user: '10' });
      for (let count = 0; count < LATER_OPERATIONS; count++) await harness.reach(invoice, { user: '3' });
      const { cashback } = await harness.retrieve(invoice);
      const answer = await harness.api.accept('updateCashback', operation);
      assertSame('the old operation', answer, {
        operation_id: operation.operation_id,
        status: 'success',
        version: first.version,
      });
      const other = { ...operation, reward: [] };
      await harness.api.refuse('updateCashback', other, 409, 'OPERATION_BODY_MISMATCH');
      assertSame('the cashback', (await harness.retrieve(invoice)).cashback, cashback);
      return `known after ${LATER_OPERATIONS} others`;
    },
  },
];

/** False when the first operation had ended before the others arrived. */
async function sawInFlight(harness: Harness, invoice: InvoiceCreateInput, round: number): Promise<boolean> {
  const { cashback } = await harness.retrieve(invoice);
  const amount = `${round}`;
  const first = harness.newOperation(invoice, cashback.version, { user: amount, service: amount });
  await harness.api.accept('updateCashback', first);
  const others = [
    harness.newOperation(invoice, cashback.version, { user: '1' }),
    harness.newOperation(invoice, cashback.version + 1, { user: '1' }, { wallet_id: harness.newId() }),
  ];
  const answers = await Promise.all(others.map((body) => harness.api.call('updateCashback', body)));
  const after = await harness.retrieve(invoice);
  const inFlight =
    !hasEnded(after.cashback) && after.cashback.operations[0]?.operation_id === first.operation_id;
  for (const { status, code, body } of answers) {
    if (status === 409 && code === 'OPERATION_IN_FLIGHT') continue;
    // Another answer is valid only after the first operation ended, so not while that one is still in flight.
    if (inFlight || status === 200)
      throw new Broken(`expected 409 OPERATION_IN_FLIGHT, got ${status} ${show(body)}`);
    return false;
  }
  return true;
}
