import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readTrips } from '../src/orders/read-trips.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'trips-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = 'pickup,fare,tip,tolls,total,color,payment';
const services = new Set(['yellow', 'green']);
let files = 0;

function read(lines: string[], { header = HEADER, count = undefined as number | undefined } = {}) {
  files += 1;
  const file = path.join(folder, `${files}.csv`);
  writeFileSync(file, `${[header, ...lines].join('\n')}\n`);
  return readTrips(file, { services, count });
}

describe('a trip is an order', () => {
  test('its colour is the service, its total the invoice, and what is no fare, tip or toll its surcharges', async () => {
    const { orders, rejected } = await read(['2019-03-14,52.0,12.21,5.76,73.27,yellow,credit card']);
    expect(rejected).toEqual([]);
    expect(orders).toEqual([
      {
        number: 2,
        service: 'yellow',
        payment_type: 'card',
        items: [
          { item_id: 'fare', amount: 520_000n },
          { item_id: 'tip', amount: 122_100n },
          { item_id: 'tolls', amount: 57_600n },
          { item_id: 'surcharges', amount: 33_000n },
        ],
      },
    ]);
  });

  test('items of zero are left out, and cash is a payment type of its own', async () => {
    const { orders } = await read(['x,9.0,0.0,0.0,9.0,green,cash']);
    expect(orders[0]).toMatchObject({ payment_type: 'cash', items: [{ item_id: 'fare', amount: 90_000n }] });
  });

  test('columns may stand in any order', async () => {
    const { orders } = await read(['cash,green,9.0,0.0,0.0,9.0'], {
      header: 'payment,color,total,tolls,tip,fare',
    });
    expect(orders).toHaveLength(1);
  });

  test('count bounds how many lines are read', async () => {
    const { orders } = await read(Array(10).fill('x,9.0,0,0,9.0,green,cash'), { count: 3 });
    expect(orders).toHaveLength(3);
  });
});

describe('a line that is no order is rejected with its line, column and reason, and the others go on', () => {
  test.each([
    ['missing payment', 'x,1,0,0,1,yellow,', { column: 'payment', reason: 'missing' }],
    [
      'unknown payment',
      'x,1,0,0,1,yellow,barter',
      { column: 'payment', reason: 'unknown payment "barter"; known: credit card, cash' },
    ],
    [
      'unknown colour',
      'x,1,0,0,1,blue,cash',
      { column: 'color', reason: 'unknown service "blue"; known: yellow, green' },
    ],
    ['missing colour', 'x,1,0,0,1,,cash', { column: 'color', reason: 'missing' }],
    [
      'a word for a number',
      'x,many,0,0,1,yellow,cash',
      { column: 'fare', reason: 'expected an amount such as "100.0000", got "many"' },
    ],
    [
      'a minus',
      'x,1,-1,0,1,yellow,cash',
      { column: 'tip', reason: 'expected an amount such as "100.0000", got "-1"' },
    ],
    [
      'an exponent',
      'x,1,0,1e3,1,yellow,cash',
      { column: 'tolls', reason: 'expected an amount such as "100.0000", got "1e3"' },
    ],
    [
      'a fifth decimal',
      'x,1,0,0,1.00001,yellow,cash',
      { column: 'total', reason: 'expected an amount such as "100.0000", got "1.00001"' },
    ],
    ['a missing number', 'x,,0,0,1,yellow,cash', { column: 'fare', reason: 'missing' }],
    [
      'a total below its parts',
      'x,2,0,0,1,yellow,cash',
      { column: 'total', reason: 'total 1 is less than fare, tip and tolls together' },
    ],
    ['a line cut short', 'x,1,0', { column: 'color', reason: 'missing' }],
  ])('%s', async (_name, line, expected) => {
    const { orders, rejected } = await read(['x,1,0,0,1,yellow,cash', line, 'x,1,0,0,1,yellow,cash']);
    expect(orders.map(({ number }) => number)).toEqual([2, 4]);
    expect(rejected).toEqual([{ line: 3, ...expected }]);
  });
});

describe('a file that cannot be read as trips is an error of its own', () => {
  test('a missing file is named', async () => {
    const file = path.join(folder, 'none.csv');
    await expect(readTrips(file, { services, count: undefined })).rejects.toThrow(
      /cannot read .*none\.csv: ENOENT/,
    );
  });
  test('a folder is no file', async () => {
    await expect(readTrips(folder, { services, count: undefined })).rejects.toThrow(/cannot read .*EISDIR/);
  });
  test('the columns that the header lacks are named', async () => {
    await expect(read([], { header: 'pickup,fare,tip,color' })).rejects.toThrow(
      /its header lacks tolls, total, payment; expected/,
    );
  });
  test('a header without lines is no input', async () => {
    await expect(read([])).rejects.toThrow(/no lines after the header/);
  });
  test('an open quote is reported', async () => {
    await expect(read(['x,"1,0,0,1,yellow,cash'])).rejects.toThrow(/cannot read .*csv: Quote Not Closed/);
  });
});
