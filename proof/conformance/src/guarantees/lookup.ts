import type { InvoiceCreateInput, UpdateCashbackInput } from '@cashback/wire';
import type { Guarantee } from '../guarantee.ts';
import { type Scene, hasEnded } from '../scene.ts';
import { Broken, NotShown, same, show } from '../verdict.ts';

const LATER_OPERATIONS = 25;
const TRIES_IN_FLIGHT = 20;

export const lookup: readonly Guarantee[] = [
  {
    id: 'T23',
    title:
      'a known id with the same body is answered with where the operation stands, and nothing is done twice',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const operation = scene.newOperation(invoice, 0, { user: '10', service: '3' });
      await scene.api.accept('updateCashback', operation);
      const early = await scene.api.accept('updateCashback', operation);
      same('operation_id', early.operation_id, operation.operation_id);
      const ended = await scene.untilEnded(invoice);
      const reward = [
        { source: 'service', amount: '3.0' },
        { source: 'user', amount: '10.0000' },
      ];
      const answers = [operation, { ...operation, reward }];
      for (const body of answers) {
        same('a repeat after the end', await scene.api.accept('updateCashback', body), {
          operation_id: operation.operation_id,
          status: ended.status,
          version: ended.version,
        });
      }
      same('the cashback', (await scene.retrieve(invoice)).cashback, ended);
      await scene.reach(invoice, { user: '4' });
      const { cashback } = await scene.retrieve(invoice);
      const old = await scene.api.accept('updateCashback', operation);
      same('a repeat after a newer operation', old.version, ended.version);
      same('the cashback', (await scene.retrieve(invoice)).cashback, cashback);
      return 'repeated at once, after its end, written otherwise, and after a newer one';
    },
  },
  {
    id: 'T24',
    title: 'a known id with another body is refused before anything else, and changes nothing',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const { operation, cashback } = await scene.reach(invoice, { user: '10' });
      const another = await scene.createInvoice();
      const changes: Partial<UpdateCashbackInput>[] = [
        { invoice_id: another.invoice_id },
        { invoice_id: scene.newId() },
        { version: cashback.version },
        { user_id: scene.newId() },
        { wallet_id: scene.newId() },
        { currency: operation.currency === 'EUR' ? 'USD' : 'EUR' },
        { reward: [{ source: 'user', amount: '10.0001' }] },
        { reward: [{ source: 'service', amount: '10' }] },
      ];
      for (const change of changes) {
        const body = { ...operation, ...change };
        await scene.api.refuse('updateCashback', body, 409, 'OPERATION_BODY_MISMATCH');
      }
      same('the cashback', (await scene.retrieve(invoice)).cashback, cashback);
      same("the other's cashback version", (await scene.retrieve(another)).cashback.version, 0);
      return `${changes.length} other bodies refused`;
    },
  },
  {
    id: 'T25',
    title: 'while an operation has not ended another one is refused, whatever its version and payee',
    async check(scene) {
      const invoice = await scene.createInvoice();
      for (let attempt = 1; attempt <= TRIES_IN_FLIGHT; attempt++) {
        if (await sawInFlight(scene, invoice, attempt)) return `seen at try ${attempt}`;
        await scene.untilEnded(invoice);
      }
      throw new NotShown(`in ${TRIES_IN_FLIGHT} tries every operation had ended before the next one came`);
    },
  },
  {
    id: 'T26',
    title:
      'an operation for another version than the current one is refused before its payee is looked at, and never applies',
    async check(scene) {
      const invoice = await scene.createInvoice();
      await scene.reach(invoice, { user: '10' });
      const { cashback } = await scene.retrieve(invoice);
      const stale = scene.newOperation(invoice, 0, { user: '99' });
      const wrong = { ...scene.newOperation(invoice, 0, { user: '99' }), wallet_id: scene.newId() };
      for (const body of [stale, wrong, stale]) {
        await scene.api.refuse('updateCashback', body, 409, 'VERSION_MISMATCH');
      }
      const newer = scene.newOperation(invoice, cashback.version + 1, { user: '99' });
      await scene.api.refuse('updateCashback', newer, 409, 'VERSION_MISMATCH');
      same('the cashback', (await scene.retrieve(invoice)).cashback, cashback);
      const { cashback: later } = await scene.reach(invoice, { user: '5' });
      await scene.api.refuse('updateCashback', stale, 409, 'VERSION_MISMATCH');
      same('the cashback after all', (await scene.retrieve(invoice)).cashback, later);
      return 'refused at once, again, and after another operation';
    },
  },
  {
    id: 'T27',
    title: 'an operation for another payee than the invoice has is refused, and changes nothing',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const others: Partial<UpdateCashbackInput>[] = [
        { user_id: scene.newId() },
        { wallet_id: scene.newId() },
        { currency: invoice.currency === 'EUR' ? 'USD' : 'EUR' },
      ];
      for (const other of others) {
        const operation = scene.newOperation(invoice, 0, { user: '10' }, other);
        await scene.api.refuse('updateCashback', operation, 422, 'PAYEE_MISMATCH');
      }
      same('the cashback version', (await scene.retrieve(invoice)).cashback.version, 0);
      await scene.reach(invoice, { user: '10' });
      return 'another user, wallet and currency refused';
    },
  },
  {
    id: 'T28',
    title: 'operation ids are kept for ever, also those that are listed no more',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const { operation, cashback: first } = await scene.reach(invoice, { user: '10' });
      for (let count = 0; count < LATER_OPERATIONS; count++) await scene.reach(invoice, { user: '3' });
      const { cashback } = await scene.retrieve(invoice);
      const answer = await scene.api.accept('updateCashback', operation);
      same('the old operation', answer, {
        operation_id: operation.operation_id,
        status: 'success',
        version: first.version,
      });
      const other = { ...operation, reward: [] };
      await scene.api.refuse('updateCashback', other, 409, 'OPERATION_BODY_MISMATCH');
      same('the cashback', (await scene.retrieve(invoice)).cashback, cashback);
      return `known after ${LATER_OPERATIONS} others`;
    },
  },
];

/** False when the first operation had ended before the others came. */
async function sawInFlight(scene: Scene, invoice: InvoiceCreateInput, round: number): Promise<boolean> {
  const { cashback } = await scene.retrieve(invoice);
  const amount = `${round}`;
  const first = scene.newOperation(invoice, cashback.version, { user: amount, service: amount });
  await scene.api.accept('updateCashback', first);
  const others = [
    scene.newOperation(invoice, cashback.version, { user: '1' }),
    scene.newOperation(invoice, cashback.version + 1, { user: '1' }, { wallet_id: scene.newId() }),
  ];
  const answers = await Promise.all(others.map((body) => scene.api.call('updateCashback', body)));
  const after = await scene.retrieve(invoice);
  const inFlight =
    !hasEnded(after.cashback) && after.cashback.operations[0]?.operation_id === first.operation_id;
  for (const { status, code, body } of answers) {
    if (status === 409 && code === 'OPERATION_IN_FLIGHT') continue;
    // What was not refused as in flight may have come after the end, unless the first one is in flight even now.
    if (inFlight || status === 200)
      throw new Broken(`expected 409 OPERATION_IN_FLIGHT, got ${status} ${show(body)}`);
    return false;
  }
  return true;
}
