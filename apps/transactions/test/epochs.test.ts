import { nextFeedEpoch, withTransaction } from '@cashback/postgres';
import { expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { startEpoch } from '../src/db/queries/feeds/feed-epochs.ts';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, newOperation, queryRows, retrieve, settledInvoice } from './support.ts';

const { app } = forTests(() => setUpWithUpstream());

const newEpoch = () => withTransaction(app.owner, (tx) => startEpoch(tx));

test('every answer and every callback carries the newest epoch', async () => {
  const before = await createInvoice(app);
  const { invoice_epoch: first } = await retrieve(app, before.invoice_id);
  expect(first).toBeGreaterThanOrEqual(1);
  const epoch = await newEpoch();
  expect(epoch).toBeGreaterThan(first);
  expect(await retrieve(app, before.invoice_id)).toMatchObject({ invoice_epoch: epoch, version: 1 });

  const invoice = await createInvoice(app);
  const operation = newOperation(invoice);
  await app.post('/update/cashback', operation);
  await settledInvoice(app, invoice.invoice_id);
  const [changed] = await readUntil(async () => {
    const received = app.receiver.invoices(invoice.invoice_id);
    return received.length > 0 && received;
  });
  expect(changed).toMatchObject({ invoice_epoch: epoch, version: 1 });
  const [finished] = await readUntil(async () => {
    const received = app.receiver.operations(operation.operation_id);
    return received.length > 0 && received;
  });
  expect(finished).toMatchObject({ invoice_epoch: epoch, status: 'success' });
});

test('a new epoch is the one that the rule of its statement says', async () => {
  const clock = 'SELECT array_agg(epoch) AS epochs, now() AS now FROM transactions.feed_epochs';
  await withTransaction(app.owner, async (tx) => {
    const { rows } = await tx.client.query<{ epochs: number[]; now: Date }>(clock);
    const [{ epochs, now } = { epochs: [], now: new Date(0) }] = rows;
    const first = await startEpoch(tx);
    expect(first).toBe(nextFeedEpoch(epochs, now.getTime()));
    expect(await startEpoch(tx)).toBe(nextFeedEpoch([...epochs, first], now.getTime()));
  });
});

test('an epoch that began in an earlier minute and was lost in a restore is not given again', async () => {
  // As a restore leaves it: the rows of the epochs that began after the backup are gone.
  await queryRows(app.owner, 'DELETE FROM transactions.feed_epochs WHERE epoch > 1');
  const [{ minute }] = await queryRows(
    app.owner,
    'SELECT floor(extract(epoch FROM now()) / 60)::integer AS minute',
  );
  // One that began a minute ago or earlier is at most the minute before.
  const next = await newEpoch();
  expect(next).toBeGreaterThanOrEqual(minute);
  expect(await newEpoch()).toBeGreaterThan(next);
});

test('epochs keep growing when the clock stands before the newest of them', async () => {
  await queryRows(app.owner, 'INSERT INTO transactions.feed_epochs (epoch) VALUES (2000000000)');
  expect(await newEpoch()).toBe(2_000_000_001);
  await queryRows(app.owner, 'DELETE FROM transactions.feed_epochs WHERE epoch >= 2000000000');
});

test('a new epoch waits for the writers that are running in the old one', async () => {
  const events: string[] = [];
  let started: Promise<number> | undefined;
  await withTransaction(app.owner, async ({ client }) => {
    await client.query(
      `INSERT INTO transactions.invoices (invoice_id, service, user_id, wallet_id, currency, status, payments, epoch)
       VALUES ('running-writer', 'yellow', 'u', 'w', 'USD', 'held', '[]', 1)`,
    );
    started = newEpoch().then((epoch) => {
      events.push('epoch');
      return epoch;
    });
    await readUntil(async () => {
      const waiting = await queryRows(
        app.owner,
        `SELECT FROM pg_locks WHERE relation = 'transactions.invoices'::regclass AND NOT granted`,
      );
      return waiting.length > 0;
    });
    events.push('commit');
  });
  await started;
  expect(events).toEqual(['commit', 'epoch']);
});
