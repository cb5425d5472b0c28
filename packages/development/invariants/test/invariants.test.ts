import pg from 'pg';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { type RunTables, checkInvariants, readOrderHistory, readUnsettled } from '../src/index.ts';

/** An order that was topped up by 5 and 2, and one taken back in part: all as it must be. */
const AT_REST = `
  INSERT INTO transactions.invoices (invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version, epoch)
    VALUES ('t-1', 'yellow', 'user', 't-wallet', 'USD', 2, 'cleared', '[{"payment_type":"card","items":[{"item_id":"fare","amount":"50"}]}]', 4, 1);
  INSERT INTO transactions.invoice_history (invoice_id, version, status, payments, captured_sum, changed_by)
    VALUES ('t-1', 1, 'cleared', '[]', 100, 'shop'), ('t-1', 2, 'cleared', '[]', 50, 'shop');
  INSERT INTO cashback.order_rates (order_id, service, rates)
    VALUES ('t-1', 'yellow', '[{"source":"user","rate":"0.05"},{"source":"service","rate":"0.02"}]');
  INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision, settled_revision, cashback_version, rewarded)
    VALUES ('t-1', 'yellow', 'user', 't-wallet', 'USD', 2, 50, 3.5, 2, 2, 4, '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1"}]');
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
    VALUES ('t-1', 'user', 5, 1, 1), ('t-1', 'service', 2, 1, 1), ('t-1', 'user', 2.5, 2, 2), ('t-1', 'service', 1, 2, 2);
  INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward) VALUES
    ('t-1', 'o-1', 1, 0, 'user', 't-wallet', 'USD', '[{"source":"user","amount":"5"},{"source":"service","amount":"2"}]'),
    ('t-1', 'o-2', 2, 2, 'user', 't-wallet', 'USD', '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1"}]');
  INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded) VALUES
    ('t-1', 'o-1', 'applied', '[{"source":"user","amount":"5"},{"source":"service","amount":"2"}]'),
    ('t-1', 'o-2', 'applied', '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1"}]');
  INSERT INTO transactions.cashback_operations (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, status, finished_at)
    SELECT operation_id, order_id, version + 1, user_id, wallet_id, currency, reward, 'success', now() FROM cashback.operations;
  INSERT INTO transactions.operation_steps (operation_id, step_number, kind, source, amount, step_id, basket_id, status) VALUES
    ('o-1', 1, 'topup', 'user', 5, 'o-1.1', 'o-1.1', 'applied'), ('o-1', 2, 'topup', 'service', 2, 'o-1.2', 'o-1.2', 'applied'),
    ('o-2', 1, 'refund', 'user', 2.5, 'o-2.1', 'o-1.1', 'applied'), ('o-2', 2, 'refund', 'service', 1, 'o-2.2', 'o-1.2', 'applied');
  INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, refunded, version, step_number)
    VALUES ('t-1', 'o-1.1', 'user', 5, 2.5, 1, 1), ('t-1', 'o-1.2', 'service', 2, 1, 1, 2);
  INSERT INTO processing.invoice_changes (order_id, service, seen_version, processed_version) VALUES ('t-1', 'yellow', 2, 2);
  INSERT INTO trust.baskets (basket_id, wallet_id, user_id, currency, amount, source, order_id, status)
    VALUES ('o-1.1', 't-wallet', 'user', 'USD', 5, 'user', 't-1', 'success'), ('o-1.2', 't-wallet', 'user', 'USD', 2, 'service', 't-1', 'success');
  INSERT INTO trust.refunds (refund_id, basket_id, wallet_id, amount, status)
    VALUES ('o-2.1', 'o-1.1', 't-wallet', 2.5, 'success'), ('o-2.2', 'o-1.2', 't-wallet', 1, 'success');
  INSERT INTO trust.wallets (wallet_id, user_id, currency, balance, sequence) VALUES ('t-wallet', 'user', 'USD', 3.5, 4);
  INSERT INTO trust.wallet_movements (wallet_id, sequence, kind, amount, cause, balance_after, created_at) VALUES
    ('t-wallet', 1, 'topup', 5, 'o-1.1', 5, now()), ('t-wallet', 2, 'topup', 2, 'o-1.2', 7, now()),
    ('t-wallet', 3, 'refund', 2.5, 'o-2.1', 4.5, now()), ('t-wallet', 4, 'refund', 1, 'o-2.2', 3.5, now());
  INSERT INTO wallet.balances (wallet_id, user_id, currency, balance, sequence, updated_at) VALUES ('t-wallet', 'user', 'USD', 3.5, 4, now());
  INSERT INTO wallet.callback_inbox (webhook_id, wallet_id, balance, sequence, cause, occurred_at, outcome) VALUES
    ('w-2', 't-wallet', 7, 2, 'topup', now(), 'adopted'), ('w-1', 't-wallet', 5, 1, 'topup', now(), 'superseded'),
    ('w-4', 't-wallet', 3.5, 4, 'refund', now(), 'adopted'), ('w-3', 't-wallet', 4.5, 3, 'refund', now(), 'superseded');
  INSERT INTO wallet.pushes (wallet_id, sequence, currency, balance, updated_at, delivered_at)
    VALUES ('t-wallet', 2, 'USD', 7, now(), now()), ('t-wallet', 4, 'USD', 3.5, now(), now());`;

/** One thing is not as it must be: the invariant that says so, and perhaps others that it breaks too. */
const BROKEN: [string, number, string][] = [
  [
    'the target is not what the invoice gives',
    0,
    `UPDATE cashback.events SET value = 2.6 WHERE revision = 2 AND source = 'user'`,
  ],
  ['an invoice version is not registered', 0, `UPDATE transactions.invoices SET version = 3`],
  [
    'less is rewarded than the target',
    1,
    `UPDATE transactions.baskets SET refunded = 3 WHERE source = 'user'`,
  ],
  ["Trust's own log has a movement less", 1, `DELETE FROM trust.wallet_movements WHERE cause = 'o-2.1'`],
  [
    'an acknowledged register is gone',
    2,
    `UPDATE processing.invoice_changes SET processed_version = 2; UPDATE cashback.order_clears SET invoice_version = 1`,
  ],
  [
    'an older version overwrote a newer one',
    3,
    `UPDATE cashback.events SET invoice_version = 3 WHERE revision = 1`,
  ],
  [
    'an older epoch overwrote a newer one',
    3,
    `UPDATE cashback.events SET invoice_epoch = 2 WHERE revision = 1`,
  ],
  ['the sum is not the sum of the events', 4, `UPDATE cashback.order_clears SET cashback_sum = 4`],
  ['two operations are open', 5, `DELETE FROM cashback.operation_outcomes`],
  [
    'an operation is another one at transactions',
    6,
    `UPDATE transactions.cashback_operations SET wallet_id = 't-other' WHERE operation_id = 'o-1'`,
  ],
  ['an operation has no intent', 7, `DELETE FROM cashback.operations WHERE operation_id = 'o-1'`],
  [
    'the request left before its intent was there',
    7,
    `UPDATE cashback.operations SET created_at = now() + interval '1 second'`,
  ],
  ['a basket is no step', 7, `DELETE FROM transactions.operation_steps WHERE step_id = 'o-1.1'`],
  ['a refund is no step', 7, `DELETE FROM transactions.operation_steps WHERE step_id = 'o-2.1'`],
  [
    'an outcome saw more than was ever to be given',
    8,
    `UPDATE cashback.operation_outcomes SET rewarded = '[{"source":"user","amount":"5.1"}]' WHERE operation_id = 'o-1'`,
  ],
  [
    'by the log of Trust more was given for a while than ever was to be',
    8,
    `UPDATE trust.wallet_movements SET amount = 5.5 WHERE sequence = 1`,
  ],
  [
    'by the log of Trust more was taken back than was given',
    8,
    `UPDATE trust.wallet_movements SET sequence = 10 - sequence`,
  ],
  ['the cache is behind', 9, `UPDATE wallet.balances SET sequence = 2, balance = 7`],
  ['the log has a gap', 9, `DELETE FROM trust.wallet_movements WHERE sequence = 3`],
  ['an adopted sequence was not pushed', 10, `DELETE FROM wallet.pushes WHERE sequence = 2`],
  [
    'a superseded sequence was pushed',
    10,
    `INSERT INTO wallet.pushes (wallet_id, sequence, currency, balance, updated_at, delivered_at) VALUES ('t-wallet', 3, 'USD', 4.5, now(), now())`,
  ],
  ['a push was never delivered', 10, `UPDATE wallet.pushes SET delivered_at = NULL WHERE sequence = 2`],
  ['a push has another balance', 10, `UPDATE wallet.pushes SET balance = 8 WHERE sequence = 2`],
  [
    'an order that is not settled has no job and is overdue',
    11,
    `UPDATE cashback.order_clears SET settled_revision = 1, next_charge_at = now() - interval '1 hour'`,
  ],
  ['a wallet holds more than was moved', 12, `UPDATE trust.wallets SET balance = 4`],
  [
    'a settled order carries something else than its target',
    14,
    `UPDATE cashback.order_clears SET rewarded = '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1.0001"}]'`,
  ],
  [
    'an order needs attention at the worker',
    17,
    `UPDATE cashback.order_clears SET attention = 'why', attention_code = 'operations_failed', attention_since = now()`,
  ],
  [
    'an order needs attention at processing',
    17,
    `UPDATE processing.invoice_changes SET attention = 'why', attention_code = 'rates_missing'`,
  ],
  [
    'a person resumed an order',
    17,
    `INSERT INTO cashback.attention_resumes (order_id, origin, reason, since, caller) VALUES ('t-1', 'worker', 'why', now(), 'ann')`,
  ],
  ['the events may be changed', 13, `GRANT UPDATE (value) ON cashback.events TO cashback_server`],
];

let database: TestDatabase;
let sql: pg.Pool;
let tables: RunTables;

beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, so that a transaction holds whatever a test does.
  sql = new pg.Pool({ connectionString: database.url, max: 1 });
  const config = {
    earning_payment_types: ['card'],
    excluded_items: [],
    rounding: 'half_up' as const,
    rounding_step: 100n,
    max_share: 300_000n,
    service_cashback: 'rate' as const,
  };
  tables = { sql, run: 't', services: { yellow: config }, shopCashback: () => 0n };
});
beforeEach(() => sql.query(`BEGIN; SET LOCAL session_replication_role = replica; ${AT_REST}`));
afterEach(() => sql.query('ROLLBACK'));
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const AT_REST_NOW = { orders: 0, wallets: 0, walks: 0, examples: [] };

test('correct tables violate nothing, and nothing in them is unsettled', async () => {
  expect(await checkInvariants(tables, () => {})).toEqual([]);
  expect(await readUnsettled(tables)).toEqual(AT_REST_NOW);
});

test('a push from before a restore of Trust, which its log no longer has, violates nothing', async () => {
  await sql.query(`
    UPDATE trust.settings SET epoch = 2;
    INSERT INTO wallet.pushes (wallet_id, sequence, currency, balance, updated_at, delivered_at)
      VALUES ('t-wallet', 5, 'USD', 9, now(), now()), ('t-wallet', 6, 'USD', 8, now(), now());
    INSERT INTO wallet.callback_inbox (webhook_id, wallet_id, balance, sequence, cause, occurred_at, outcome)
      VALUES ('w-5', 't-wallet', 9, 5, 'topup', now(), 'adopted'), ('w-6', 't-wallet', 8, 6, 'topup', now(), 'adopted')`);
  expect(await checkInvariants(tables, () => {})).toEqual([]);
});

test('a lower version of a newer epoch violates nothing', async () => {
  await sql.query(`
    UPDATE cashback.order_clears SET invoice_epoch = 2;
    UPDATE cashback.events SET invoice_version = 9 WHERE revision = 1;
    UPDATE cashback.events SET invoice_epoch = 2 WHERE revision = 2`);
  expect(await checkInvariants(tables, () => {})).toEqual([]);
});

/** The service's 1 was not in the wallet but for 0.4, so 0.6 is owed. */
const OWING = `
  UPDATE trust.refunds SET wallet_policy = 'take_what_is_there', taken = 0.4 WHERE refund_id = 'o-2.2';
  UPDATE trust.wallet_movements SET amount = 0.4, balance_after = 4.1 WHERE cause = 'o-2.2';
  UPDATE trust.wallets SET balance = 4.1;
  UPDATE wallet.balances SET balance = 4.1;
  UPDATE wallet.callback_inbox SET balance = 4.1 WHERE sequence = 4;
  UPDATE wallet.pushes SET balance = 4.1 WHERE sequence = 4;
  UPDATE transactions.baskets SET refunded = 0.4 WHERE basket_id = 'o-1.2';
  UPDATE transactions.operation_steps SET taken = 0.4 WHERE step_id = 'o-2.2';
  UPDATE cashback.operation_outcomes SET rewarded = '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1.6"}]'
   WHERE operation_id = 'o-2';
  UPDATE cashback.order_clears SET settled_revision = 1, attention = 'the wallet owes', attention_code = 'owed', attention_since = now(),
    attention_details = '{"owed":[{"source":"service","amount":"0.6"}]}',
    rewarded = '[{"source":"user","amount":"2.5"},{"source":"service","amount":"1.6"}]'`;

test('a debt of a wallet stays at rest beside the target, and violates nothing', async () => {
  await sql.query(OWING);
  expect(await checkInvariants(tables, () => {})).toEqual([]);
  expect(await readUnsettled(tables)).toEqual(AT_REST_NOW);
});

test.each([
  ['more', '0.7'],
  ['less', '0.5'],
])(
  'an order that states %s as owed than it carries above its target: a violation of 1',
  async (_, amount) => {
    await sql.query(OWING);
    await sql.query(
      `UPDATE cashback.order_clears SET attention_details = jsonb_build_object('owed', jsonb_build_array(
       jsonb_build_object('source', 'service', 'amount', $1::text)))`,
      [amount],
    );
    const violations = await checkInvariants(tables, () => {});
    expect(violations.map(({ invariant }) => invariant)).toEqual([1, 1]);
  },
);

test('an earlier payee whose wallet carries a part of the reward: a violation of 1', async () => {
  await sql.query(`UPDATE transactions.invoices SET wallet_id = 't-new', payee_version = 2`);
  const violations = await checkInvariants(tables, () => {});
  const details = violations.filter(({ invariant }) => invariant === 1).map(({ detail }) => detail);
  expect(details.toSorted()).toEqual([
    'service: wallet t-wallet of an earlier payee carries 1.0000',
    'user: wallet t-wallet of an earlier payee carries 2.5000',
  ]);
});

/** The rest is spent, and the wallet is replaced: it owes all of it, and the last payee gets the largest target. */
const PAYEE_CHANGED_OWING = `
  INSERT INTO trust.wallet_movements (wallet_id, sequence, kind, amount, cause, balance_after, created_at)
    VALUES ('t-wallet', 5, 'spend', 3.5, 's-1', 0, now());
  INSERT INTO trust.refunds (refund_id, basket_id, wallet_id, amount, wallet_policy, taken, status) VALUES
    ('o-3.1', 'o-1.1', 't-wallet', 2.5, 'take_what_is_there', 0, 'success'), ('o-3.2', 'o-1.2', 't-wallet', 1, 'take_what_is_there', 0, 'success');
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
    VALUES ('t-1', 'user', 5, 3, 3), ('t-1', 'service', 2, 3, 3);
  INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded)
    VALUES ('t-1', 'o-3', 'applied', '[{"source":"user","amount":"7.5000"},{"source":"service","amount":"3.0000"}]');
  INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number, payee_version)
    SELECT 't-1', basket_id, source, amount, 3, step_number, payee_version
      FROM transactions.invoices, (VALUES ('o-3.3', 'user', 5, 3), ('o-3.4', 'service', 2, 4)) AS topups (basket_id, source, amount, step_number);
  INSERT INTO trust.baskets (basket_id, wallet_id, user_id, currency, amount, source, order_id, status)
    SELECT basket_id, wallet_id, user_id, currency, amount, source, 't-1', 'success'
      FROM transactions.invoices, (VALUES ('o-3.3', 5, 'user'), ('o-3.4', 2, 'service')) AS topups (basket_id, amount, source);
  INSERT INTO trust.wallet_movements (wallet_id, sequence, kind, amount, cause, balance_after, created_at)
    SELECT wallet_id, sequence, 'topup', amount, cause, balance_after, now()
      FROM transactions.invoices, (VALUES (6, 5, 'o-3.3', 5), (7, 2, 'o-3.4', 7)) AS moved (sequence, amount, cause, balance_after)`;

const of8 = async (): Promise<string[]> =>
  (await checkInvariants(tables, () => {}))
    .filter(({ invariant }) => invariant === 8)
    .map(({ detail }) => detail);

test.each([
  ['another wallet', `wallet_id = 't-new', payee_version = 2`],
  ['the wallet of the first payee', `payee_version = 3`],
])('an earlier payee owes, and %s has the largest target: no violation of 8', async (_, payee) => {
  await sql.query(`UPDATE transactions.invoices SET ${payee}; ${PAYEE_CHANGED_OWING}`);
  expect(await of8()).toEqual([]);
});

test.each([
  [
    'what an earlier payee has and does not owe beside the largest target of the last one',
    `UPDATE trust.refunds SET taken = NULL`,
    ['user: rewarded 7.5000, largest target 5.0000', 'service: rewarded 3.0000, largest target 2.0000'],
  ],
  [
    'more than the largest target of the last payee, while an earlier one owes',
    `UPDATE trust.wallet_movements SET amount = 5.1 WHERE cause = 'o-3.3'`,
    ['user: rewarded 5.1000, largest target 5.0000'],
  ],
])('%s: a violation of 8', async (_, change, details) => {
  await sql.query(
    `UPDATE transactions.invoices SET wallet_id = 't-new', payee_version = 2; ${PAYEE_CHANGED_OWING}; ${change}`,
  );
  expect(new Set(await of8())).toEqual(new Set(details));
});

test.each(BROKEN)('%s: a violation of %i', async (_, invariant, change) => {
  await sql.query(change);
  const violations = await checkInvariants(tables, () => {});
  expect(violations.map((violation) => violation.invariant)).toContain(invariant);
});

/** Each kind of work under way, and the words that report it. */
const UNDER_WAY: [string, string][] = [
  ['no invoice', `DELETE FROM transactions.invoices`],
  ['not registered', `UPDATE transactions.invoices SET version = 3`],
  ['not settled', `UPDATE cashback.order_clears SET settled_revision = 1`],
  [
    'not settled',
    `UPDATE cashback.order_clears SET attention = 'held', attention_code = 'held_by_breaker', attention_since = now()`,
  ],
  ['an operation of the worker is open', `UPDATE cashback.order_clears SET operation_id = 'o-3'`],
  [
    'about to be observed',
    `UPDATE cashback.order_clears SET poll_at = now() + interval '4 seconds', due_by = 'audit'`,
  ],
  [
    'about to be observed',
    `${OWING}; UPDATE cashback.order_clears SET poll_at = now() - interval '1 second'`,
  ],
  ['its debt is about to be collected', `${OWING}; UPDATE cashback.order_clears SET due_by = 'balance'`],
  [
    'its debt is about to be collected',
    `${OWING}; INSERT INTO trust.callbacks (callback_id, payload, receiver) VALUES ('w-5', '{"wallet_id":"t-wallet"}', 'balance')`,
  ],
  [
    'its change of payee is at one side only',
    `UPDATE transactions.invoices SET wallet_id = 't-new', payee_version = 2`,
  ],
  [
    'a resume is not taken up',
    `INSERT INTO cashback.reported_attention (order_id, origin, service, code, reason, since, resume_of)
       VALUES ('t-1', 'processing', 'yellow', 'rates_missing', 'why', now(), now())`,
  ],
  ['processing is at work', `UPDATE processing.invoice_changes SET hints = 1`],
  ['processing is at work', `UPDATE processing.invoice_changes SET seen_version = 3`],
  ['processing is at work', `UPDATE processing.invoice_changes SET asks_again = true`],
  [
    'the invoice carries what was not observed',
    `UPDATE transactions.baskets SET source = CASE source WHEN 'user' THEN 'service' ELSE 'user' END`,
  ],
  [
    'the invoice carries what was not observed',
    `${OWING}; UPDATE transactions.baskets SET refunded = 0.5 WHERE basket_id = 'o-1.2'`,
  ],
  ['its cashback changed since it was observed', `UPDATE transactions.invoices SET cashback_version = 5`],
  ['not adopted', `INSERT INTO transactions.feed_epochs (epoch) VALUES (2)`],
  [
    'an operation of transactions is unfinished',
    `UPDATE transactions.cashback_operations SET status = 'init', finished_at = NULL WHERE operation_id = 'o-2'`,
  ],
  ['Trust is at work', `UPDATE trust.baskets SET status = 'pending' WHERE basket_id = 'o-1.2'`],
  ['Trust is at work', `UPDATE trust.refunds SET status = 'pending' WHERE refund_id = 'o-2.1'`],
];

test.each(UNDER_WAY)('%s: the order is not at rest', async (what, change) => {
  await sql.query(change);
  const { orders, examples } = await readUnsettled(tables);
  expect([orders, examples.map(({ order_id }) => order_id)]).toEqual([1, ['t-1']]);
  expect(examples[0]?.detail).toContain(what);
});

test('a callback of what is known already changes nothing at rest', async () => {
  await sql.query(`
    INSERT INTO transactions.callbacks (kind, payload) VALUES ('operation.finished', '{"invoice_id":"t-1"}');
    INSERT INTO trust.callbacks (callback_id, payload) VALUES ('w-5', '{"wallet_id":"t-wallet"}')`);
  expect(await readUnsettled(tables)).toEqual(AT_REST_NOW);
});

test.each([
  `INSERT INTO cashback.feed_cursors (feed, observe_since) VALUES ('cashback', now())`,
  `INSERT INTO cashback.feed_cursors (feed, reads_again) VALUES ('cashback', true)`,
  `INSERT INTO processing.feed_cursors (feed, reads_again) VALUES ('invoices', true)`,
])('a walk over all orders is under way: %s', async (change) => {
  await sql.query(change);
  expect(await readUnsettled(tables)).toEqual({ ...AT_REST_NOW, walks: 1 });
});

test('the history of an order has what every app did for it, and no other order', async () => {
  const lines = await readOrderHistory(tables, 't-1');
  for (const part of [
    'invoice version 2',
    'revision 2',
    'operation o-2 is applied',
    'step o-1.1',
    'refund of 2.5000',
  ]) {
    expect(lines.some((line) => line.includes(part))).toBe(true);
  }
  expect(await readOrderHistory(tables, 't-2')).toEqual([]);
});
