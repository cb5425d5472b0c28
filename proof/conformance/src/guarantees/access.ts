import { ROUTES, type RouteName } from '../api.ts';
import type { Guarantee } from '../guarantee.ts';
import type { Harness } from '../harness.ts';
import { NotShown, assertThat, assertSame, show } from '../verdict.ts';
import { badInputs } from './bad-inputs.ts';

const NAMES = Object.keys(ROUTES) as RouteName[];

export const access: readonly Guarantee[] = [
  {
    id: 'T1',
    title: 'no route is open to a caller without an accepted token',
    async check(harness) {
      const bodies = await validBodies(harness);
      for (const name of NAMES) {
        for (const token of [null, 'unknown-token']) {
          const { status, code, body } = await harness.api.call(name, bodies[name], { token });
          const how = token === null ? 'without a token' : 'with an unknown token';
          assertThat(
            status === 401 && code === 'UNAUTHORIZED',
            `${ROUTES[name].path} ${how}: expected 401 UNAUTHORIZED, got ${status} ${show(body)}`,
          );
        }
      }
      return `${NAMES.length} routes refused ${2 * NAMES.length} calls`;
    },
  },
  {
    id: 'T2',
    title: 'a token opens only the routes of its scopes',
    async check(harness) {
      const { reader_token: token } = harness.options;
      if (token === undefined)
        throw new NotShown('needs --reader-token, a token that allows only reading invoices');
      const bodies = await validBodies(harness);
      for (const name of ['create', 'update', 'updateCashback'] as const) {
        const { status, code, body } = await harness.api.call(name, bodies[name], { token });
        assertThat(
          status === 403 && code === 'FORBIDDEN',
          `${ROUTES[name].path}: expected 403 FORBIDDEN, got ${status} ${show(body)}`,
        );
      }
      const { status, body } = await harness.api.call('retrieve', bodies.retrieve, { token });
      assertThat(
        status === 200,
        `${ROUTES.retrieve.path}: expected 200 for a reader, got ${status} ${show(body)}`,
      );
      return 'a reader reads, and neither states money nor moves cashback';
    },
  },
  {
    id: 'T3',
    title: 'a malformed body is refused with the name of the field, and nothing changes',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const before = await harness.retrieve(invoice);
      const inputs = badInputs(harness, invoice);
      for (const { name, what, body, field } of inputs) {
        const answer = await harness.api.refuse(name, body, 400, 'BAD_REQUEST');
        const { issues = [] } = (answer.body as { error: { issues?: { path: string }[] } }).error;
        assertThat(
          issues.some(({ path }) => path === field),
          `${ROUTES[name].path}, ${what}: expected an issue at ${field}, got ${show(issues)}`,
        );
      }
      const { status, code } = await harness.api.call('retrieve', null, { raw: '{' });
      assertThat(
        status === 400 && code === 'BAD_REQUEST',
        `a body that is not JSON: expected 400, got ${status}`,
      );
      assertSame('the invoice after bad input', await harness.retrieve(invoice), before);
      return `${inputs.length + 1} bodies refused`;
    },
  },
];

/** Checked last: it covers the form of every answer of the run. */
export const form: Guarantee = {
  id: 'T4',
  title: 'every answer has the documented form',
  async check({ api }) {
    assertThat(api.problems.length === 0, api.problems.join(' | '));
    return `${api.answers} answers`;
  },
};

async function validBodies(harness: Harness): Promise<Record<RouteName, unknown>> {
  const invoice = await harness.createInvoice();
  const { invoice_id, status, payments } = invoice;
  return {
    create: harness.newInvoice(),
    update: { invoice_id, version: 1, status, payments: [...payments, ...payments] },
    changePayee: {
      invoice_id,
      version: 1,
      user_id: harness.newId(),
      wallet_id: harness.newId(),
      reason: 'conformance',
    },
    retrieve: { invoice_id },
    changes: { limit: 1 },
    cashbackChanges: { limit: 1 },
    history: { invoice_id },
    updateCashback: harness.newOperation(invoice, 0, { user: '1' }),
  };
}
