import { startJobs } from '@cashback/postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilEqual, waitUntil } from '@cashback/testing';
import { askService } from '../src/gather/ask-service.ts';
import { JOBS_SCHEMA, retryJob, processingQueue } from '../src/queue.ts';
import { openServices } from '../src/services/open-services.ts';
import { newOrder, paid } from './support/orders.ts';
import { type Shop, gives, startShop } from './support/shop.ts';
import { type System, serviceConfigs, startSystem, token } from './support/system.ts';

let system: System;
let shop: Shop;

const SERVICE_URL_TOKENS = `yellow=${token('yellow')},green=${token('green')}`;
const never = () => new Promise<never>(() => {});

beforeAll(async () => {
  [system, shop] = await Promise.all([startSystem(), startShop()]);
  const services = {
    // Asked for longer than any test takes: it is for the test to say when it is answered.
    yellow: { ...serviceConfigs.yellow, url: shop.url, url_timeout_ms: 30_000 },
    green: { ...serviceConfigs.green, url: shop.url, url_timeout_ms: 2_000 },
  };
  await system.startProcessing({ services, env: { SERVICE_URL_TOKENS } });
  await system.startProcessing({ services, env: { SERVICE_URL_TOKENS } });
});
afterAll(async () => {
  await system.stop();
  await shop.stop();
});
beforeEach(() => {
  shop.questions = [];
  shop.answer = () => gives('0');
});

const userRate = { source: 'user', rate: '0.1' } as const;

describe('the URL of a service', () => {
  it('says how much the service gives for the cleared sum', async () => {
    const order = newOrder(system, 'yellow');
    await order.putRates(userRate, { source: 'service', rate: '0.5' });
    shop.answer = () => gives('3.25');
    const payments = [...paid('50'), ...paid('20', 'cash')];
    const { user_id } = await order.create('cleared', payments);
    await order.untilProcessed(1);
    await order.untilTarget('5.0000', '3.2500');
    expect(shop.questions).toEqual([
      {
        order_id: order.order_id,
        service: 'yellow',
        user_id,
        currency: 'USD',
        invoice_version: 1,
        cleared_sum: '70.0000',
        base: '50.0000',
        authorization: `Bearer ${token('yellow')}`,
      },
    ]);
    expect((await order.stored())?.receipt).toMatchObject({
      sources: [{}, { origin: 'url', value: '3.2500' }],
    });
  });

  it('is capped like a rate', async () => {
    const order = newOrder(system, 'green');
    await order.putRates(userRate, { source: 'service', rate: '0', max_value: '2' });
    shop.answer = () => gives('3');
    await order.create('cleared', paid('50'));
    await order.untilTarget('5.0000', '2.0000');
    await order.untilProcessed(1);
  });

  it('is not asked about held and cancelled invoices', async () => {
    const order = newOrder(system, 'green');
    await order.create('held', paid('50'));
    await order.untilProcessed(1);
    await order.update(1, 'cancelled', []);
    await order.untilProcessed(2);
    await order.untilTarget('0.0000', '0.0000');
    expect(shop.questions).toEqual([]);
  });

  it('keeps the stored value while it does not answer, and is asked again until it does', async () => {
    const order = newOrder(system, 'green');
    await order.putRates(userRate);
    shop.answer = () => gives('3');
    await order.create('cleared', paid('50'));
    await order.untilTarget('5.0000', '3.0000');

    shop.answer = never;
    await order.update(1, 'cleared', paid('80'));
    await order.untilTarget('8.0000', '3.0000');
    await order.until({ processed_version: 2, asks_again: true, attention: null });
    expect((await order.stored())?.receipt).toMatchObject({
      sources: [{}, { origin: 'kept', value: '3.0000' }],
    });

    shop.answer = () => gives('4');
    await order.untilTarget('8.0000', '4.0000');
    await order.untilProcessed(2);
    expect((await order.stored())?.receipt).toMatchObject({
      sources: [{}, { origin: 'url', value: '4.0000' }],
    });
  });

  it.each([
    ['a value below zero', gives('-1')],
    ['a value that is more than the base', gives('50.01')],
    ['a value that no amount can be', gives('1000000000000')],
    ['a value with too many places', gives('1.00001')],
    ['a value that is a number', { body: '{"value":1}' }],
    ['no value', { body: '{}' }],
    ['nothing', { body: '' }],
    ['a page', { body: '<html>All is well</html>' }],
    ['a page of an error', { status: 502, body: '<html>Bad gateway</html>' }],
    ['a refusal', { status: 404, body: '{"error":{"code":"NO_SUCH_ORDER","message":"unknown order"}}' }],
  ])('that answers %s counts as one that does not answer', async (_, answer) => {
    const order = newOrder(system, 'green');
    await order.putRates(userRate);
    shop.answer = () => answer;
    await order.create('cleared', paid('50'));
    await order.until({ processed_version: 1, asks_again: true, attention: null });
    await order.untilTarget('5.0000', '0.0000');
    shop.answer = () => gives('1');
    await order.untilTarget('5.0000', '1.0000');
    await order.untilProcessed(1);
  });

  it('is asked again about an order that changes after its answer', async () => {
    const order = newOrder(system, 'green');
    await order.putRates(userRate);
    shop.answer = ({ base }) => gives(base === '50.0000' ? '3' : '1');
    await order.create('cleared', paid('50'));
    await order.update(1, 'cleared', paid('20'));
    await order.untilProcessed(2);
    await order.untilTarget('2.0000', '1.0000');
  });

  it('without a token keeps the app from starting', async () => {
    const services = { yellow: { ...serviceConfigs.yellow, url: shop.url } };
    await expect(system.startProcessing({ services })).rejects.toThrow(
      /^CASHBACK_SERVICES gives the service yellow a url: set SERVICE_URL_TOKENS/,
    );
  });

  it('gives no answer to an aborted question, not even that there is none', async () => {
    const yellow = { ...serviceConfigs.yellow, url: shop.url, url_timeout_ms: 30_000 };
    const services = openServices({ yellow }, { yellow: token('yellow') });
    const url = services.find('yellow')?.url;
    if (!url) throw new Error('yellow has a URL');
    shop.answer = never;
    const question = {
      order_id: 'order-1',
      service: 'yellow',
      user_id: 'user-1',
      currency: 'USD',
      invoice_version: 1,
      cleared_sum: '50.0000',
      base: '50.0000',
    };
    const giveUp = new AbortController();
    const asked = askService(url, question, giveUp.signal);
    await untilEqual(() => shop.questions.length, 1);
    giveUp.abort();
    await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
    await services.close();
  });
});

describe('two instances on one order', () => {
  it('keep what the later one registered, however long the earlier one was delayed', async () => {
    const order = newOrder(system, 'yellow');
    await order.putRates(userRate);
    let answerFirst: (answer: ReturnType<typeof gives>) => void = () => {};
    shop.answer = () => {
      shop.answer = () => gives('5');
      return new Promise((resolve) => (answerFirst = resolve));
    };
    await order.create('cleared', paid('50'));
    await waitUntil('the first attempt has asked', () => shop.questions.length > 0);

    // As a sweep or a poll does: a second attempt at the order, while the first still runs.
    const jobs = await startJobs({
      database_url: system.databaseUrl,
      jobs_schema: JOBS_SCHEMA,
      queues: [processingQueue],
      application_name: 'test',
      log_error: () => {},
    });
    await jobs.enqueue(processingQueue, [retryJob(order.order_id, 0)]);
    await order.untilTarget('5.0000', '5.0000');

    answerFirst(gives('3'));
    await waitUntil('the first attempt asks again', () => shop.questions.length >= 3);
    await jobs.stop({ timeout_ms: 1_000 });
    await order.untilProcessed(1);
    await order.untilTarget('5.0000', '5.0000');
    expect(await order.events()).toHaveLength(2);
  });
});
